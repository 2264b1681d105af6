//! `windlass repair`: mends what can go neither on nor back, and a journal that is older than what
//! runs.

use clap::Args;
use windlass_api::{AdoptAnswer, Exit};
use windlass_model::Repair;

use super::wait_for_end;
use super::wants::Wants;
use super::which::{client, resolve};
use crate::arguments::{Because, Which};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, TYPED};
use crate::follow::{Purpose, begun, follow};
use crate::person::person;
use crate::report::Report;
use crate::ui::words::listed;

/// Options of `repair`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) which: Which,

    #[command(flatten)]
    how: How,

    /// The journal is lost or old: write down as stable what runs
    #[arg(long, conflicts_with = "id")]
    adopt: bool,

    #[command(flatten)]
    because: Because,

    /// Return once it is journalled
    #[arg(long)]
    detach: bool,
}

impl Options {
    /// What it wants of the state directory.
    pub(super) fn wants(&self) -> Wants {
        if self.adopt {
            Wants::Made
        } else {
            Wants::There
        }
    }
}

/// The person's word; one of them.
#[derive(Debug, Args)]
struct How {
    /// Try what failed once more
    #[arg(long, conflicts_with_all = ["done", "abandon", "adopt"])]
    retry: bool,

    /// You have done by hand what was left: it counts as done
    #[arg(long, conflicts_with_all = ["abandon", "adopt"])]
    done: bool,

    /// Let go of it as it is, and free the lock; ends with 6, nobody knows its state
    #[arg(long, conflicts_with = "adopt")]
    abandon: bool,
}

impl How {
    fn said(&self) -> Option<Repair> {
        match (self.retry, self.done, self.abandon) {
            (true, _, _) => Some(Repair::Retry),
            (_, true, _) => Some(Repair::Done),
            (_, _, true) => Some(Repair::Abandon),
            (false, false, false) => None,
        }
    }
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let why = options.because.message.as_deref();
    if options.adopt {
        return adopt(context, why).await;
    }
    let Some(how) = options.how.said() else {
        return Err(choose(options.which.id.as_deref()));
    };
    let client = client(context).await?;
    let id = resolve(context, &client, &options.which).await?;
    let before = client.show(&id).await?.sequence;
    let view = client.repair(&id, how, &person(), why).await?;
    if options.detach {
        let text = format!("{id} is being repaired\nfollow it: windlass events {id} --follow\n");
        return begun(text, &view);
    }
    follow(context, &client, view, Purpose::Repair { after: before }).await
}

/// Without a word for how, each way is told, and nothing is done.
fn choose(id: Option<&str>) -> Diagnostic {
    let id = id.unwrap_or("ID");
    Diagnostic::new(Exit::Usage, "say how to repair it")
        .code(TYPED)
        .detail(
            "--retry    tries once more what failed\n\
             --done     you have done by hand what was left: it counts as done\n\
             --abandon  lets go of it as it is and frees the lock; ends with 6\n\
             --adopt    for a lost journal: writes down as stable what runs",
        )
        .hint(format!(
            "windlass show {id}, then windlass repair {id} --retry"
        ))
}

async fn adopt(context: &Context, why: Option<&str>) -> Result<Report, Diagnostic> {
    context.paths()?;
    let client = client(context).await?;
    let answer = client.adopt(&person(), why).await?;
    // It ends by itself; the next one opens above every epoch that was heard of.
    wait_for_end(&client).await?;
    Report::new(adopted(&answer), &answer)
}

fn adopted(answer: &AdoptAnswer) -> String {
    let mut text = String::new();
    for one in &answer.environments {
        let services = listed(&one.services);
        let line = format!("adopted: {} in {}: {services}\n", one.app, one.environment);
        text.push_str(&line);
    }
    for one in &answer.left {
        let (service, instance) = (&one.service, &one.instance);
        let line = format!(
            "left alone: {service} {}, instance {instance}\n",
            one.version
        );
        text.push_str(&line);
    }
    if answer.environments.is_empty() {
        text.push_str("adopted: nothing runs\n");
    }
    text.push_str("next: windlass status\n");
    text
}

#[cfg(test)]
mod tests {
    use windlass_api::AdoptedView;
    use windlass_model::{AppName, EnvironmentName, ServiceName};

    use super::*;

    #[test]
    fn what_was_adopted_is_named() {
        let mut answer = AdoptAnswer {
            environments: vec![AdoptedView {
                app: AppName::new("shop").unwrap(),
                environment: EnvironmentName::new("production").unwrap(),
                services: ["api", "auth"]
                    .map(|it| ServiceName::new(it).unwrap())
                    .to_vec(),
            }],
            epoch: 7,
            left: Vec::new(),
        };
        assert_eq!(
            adopted(&answer),
            "adopted: shop in production: api, auth\nnext: windlass status\n"
        );
        answer.environments.clear();
        assert_eq!(
            adopted(&answer),
            "adopted: nothing runs\nnext: windlass status\n"
        );
    }
}
