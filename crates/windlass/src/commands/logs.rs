//! `windlass logs`: what a service's instances printed.

use std::collections::BTreeSet;

use clap::Args;
use windlass_api::{DeploymentView, EnvironmentView, Exit, LogLine, LogQuery};
use windlass_client::{Client, ClientError, FollowingLogs, Logs, Starting};
use windlass_model::Millis;

use super::file::Found;
use super::versions::Versions;
use super::which::{SEARCHED, by_beginning, client};
use crate::arguments::{Output, duration, named, version};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::ui::time::now_us;
use crate::ui::words::{listed, meant};
use crate::ui::{LOG, LogLook};

/// No one service, or version of it, is meant by what was typed.
pub(super) const SERVICE: &str = "WL0432";

/// Options of `logs`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The service
    #[arg(value_name = "SERVICE", value_parser = named)]
    service: String,

    /// Go on until Ctrl-C; -o json is one object a line then
    #[arg(long)]
    follow: bool,

    /// Begin with so many of the last lines of each instance
    #[arg(short = 'n', long, value_name = "LINES", value_parser = lines)]
    tail: Option<u64>,

    /// Begin with what was printed so long ago, as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    since: Option<Millis>,

    /// Say when each line was printed, to about a second
    #[arg(short, long)]
    timestamps: bool,

    #[command(flatten)]
    whose: Whose,
}

/// Whose output, where it is not that of what runs and of the last deployment.
#[derive(Debug, Args)]
struct Whose {
    /// Only what this deployment has started, also if it failed: its id or the beginning of it
    #[arg(long, value_name = "ID", value_parser = named)]
    deployment: Option<String>,

    /// Only what runs or ran this version, or the one that alone begins with these 4 characters or more
    #[arg(long = "version", value_name = "VERSION", value_parser = version)]
    of_version: Option<String>,

    /// Only the instance with this id, or with this end of it, as each line has it
    #[arg(long, value_name = "ID", value_parser = named)]
    instance: Option<String>,
}

fn lines(text: &str) -> Result<u64, String> {
    let lines = text.parse().ok();
    lines.ok_or_else(|| "write how many lines, as 20".to_owned())
}

impl Whose {
    /// Whether what is named is of one environment only.
    fn is_of_one(&self) -> bool {
        self.deployment.is_some() || self.instance.is_some()
    }

    /// Whether nothing was said of whose output is meant.
    fn is_of_any(&self) -> bool {
        self.deployment.is_none() && self.of_version.is_none() && self.instance.is_none()
    }
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    // Lines of another environment would be taken for those of the one that is meant. A file that can't be
    // read says nothing of either.
    let open = Found::must_be_of_one_environment(context).err();
    if let Some(open) = open.filter(|open| open.exit == Exit::Usage && !options.whose.is_of_one()) {
        return Err(open);
    }
    let client = client(context).await?;
    let (query, versions) = query(context, &client, options).await?;
    let told = versions.not_shown();
    let told = told.filter(|_| options.whose.is_of_any());
    let (first, last) = if options.follow {
        (told, None)
    } else {
        (None, told)
    };
    if let Some(told) = first {
        context.ui.say(&told);
    }
    let report = print(context, &client, query, options).await?;
    if let Some(told) = last {
        context.ui.say(&told);
    }
    Ok(report)
}

/// Prints line after line, to the end or until Ctrl-C; as one value where that is asked for and there is an end.
async fn print(
    context: &Context,
    client: &Client,
    query: LogQuery,
    options: &Options,
) -> Result<Report, Diagnostic> {
    let is_one = context.ui.output() == Output::Json && !options.follow;
    let mut lines = Vec::new();
    let mut logs = if options.follow {
        Source::Goes(Box::new(FollowingLogs::new(
            client,
            &Starting::default(),
            query,
        )))
    } else {
        Source::Ends(Box::new(client.logs(&query).await?))
    };
    let look = LogLook {
        service: &options.service,
        is_timed: options.timestamps,
    };
    let stopped = tokio::signal::ctrl_c();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            line = logs.next() => match line? {
                Some(line) if is_one => {
                    lines.push(look.value(&line).map_err(|why| Diagnostic::bug(&why))?);
                }
                Some(line) => {
                    if context.ui.log_line(&line, &look).is_err() {
                        // Whoever read has left: that ends it as well as it should.
                        return Ok(Report::silent(Exit::Done));
                    }
                }
                None if is_one => return Ok(Report::new("", &lines)?.of(LOG)),
                None => return Ok(Report::silent(Exit::Done)),
            },
            _signal = &mut stopped => return Ok(Report::silent(Exit::Detached)),
        }
    }
}

/// Where the lines come from.
enum Source {
    /// What there is now.
    Ends(Box<Logs>),
    /// What comes, also after the controller's death.
    Goes(Box<FollowingLogs>),
}

impl Source {
    async fn next(&mut self) -> Result<Option<LogLine>, ClientError> {
        match self {
            Self::Ends(logs) => logs.next().await,
            Self::Goes(logs) => logs.next().await,
        }
    }
}

async fn query(
    context: &Context,
    client: &Client,
    options: &Options,
) -> Result<(LogQuery, Versions), Diagnostic> {
    let all = client.status().await?;
    let environment = context.global.environment.as_deref();
    let mut places = having(&all, &options.service, environment);
    if places.len() > 1
        && let Some(app) = Found::app_here(context)?
    {
        places.retain(|view| view.app.as_str() == app);
    }
    match places.as_slice() {
        [only] => {
            let past = client.deployments(SEARCHED).await?;
            let versions = Versions::of(only, &options.service, &past);
            let whose = &options.whose;
            let version = whose.of_version.as_deref();
            let query = LogQuery {
                app: only.app.to_string(),
                environment: only.environment.to_string(),
                service: options.service.clone(),
                tail: None,
                lines: options.tail,
                since_us: options.since.map(|ago| now_us().saturating_sub(us(ago))),
                deployment: deployment(&past, whose)?,
                version: version.map(|typed| versions.meant(typed)).transpose()?,
                instance: whose.instance.clone(),
                follow: options.follow,
            };
            Ok((query, versions))
        }
        [] => Err(unknown(context, &all, &options.service)),
        several => Err(ambiguous(several, &options.service)),
    }
}

fn us(time: Millis) -> i64 {
    i64::try_from(time.as_millis().saturating_mul(1_000)).unwrap_or(i64::MAX)
}

/// The deployment that is named, by its whole id.
fn deployment(past: &[DeploymentView], whose: &Whose) -> Result<Option<String>, Diagnostic> {
    let named = whose.deployment.as_deref();
    let id = named.map(|text| by_beginning(past, text)).transpose()?;
    Ok(id.map(|id| id.to_string()))
}

fn having<'v>(
    all: &'v [EnvironmentView],
    service: &str,
    environment: Option<&str>,
) -> Vec<&'v EnvironmentView> {
    all.iter()
        .filter(|view| environment.is_none_or(|wanted| view.environment.as_str() == wanted))
        .filter(|view| view.services.keys().any(|name| name.as_str() == service))
        .collect()
}

/// No service has this name: names those of the application here, or of all where no file says which.
fn unknown(context: &Context, all: &[EnvironmentView], service: &str) -> Diagnostic {
    // A file that can't be read says nothing either.
    let app = Found::app_here(context).ok().flatten();
    let environment = context.global.environment.as_deref();
    let place = environment.map(|name| format!(" in {name}"));
    let place = place.unwrap_or_default();
    let said = Diagnostic::new(Exit::Usage, format!("there is no service {service}{place}"));
    let said = said.code(SERVICE);
    let names = names(all, app.as_deref(), environment);
    if names.is_empty() {
        return said.hint("look at what runs: windlass status");
    }
    let there = match names.as_slice() {
        [only] => format!("there is {only}"),
        names => format!("there are {}", listed(names)),
    };
    said.hint(match meant(service, names.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {meant}? windlass logs {meant}"),
        None => format!("{there}: windlass logs SERVICE"),
    })
}

/// Each name once, however many environments have it.
fn names(all: &[EnvironmentView], app: Option<&str>, environment: Option<&str>) -> Vec<String> {
    let here = all.iter().filter(|view| {
        app.is_none_or(|wanted| view.app.as_str() == wanted)
            && environment.is_none_or(|wanted| view.environment.as_str() == wanted)
    });
    let names = here.flat_map(|view| view.services.keys().map(ToString::to_string));
    let once: BTreeSet<String> = names.collect();
    once.into_iter().collect()
}

fn ambiguous(places: &[&EnvironmentView], service: &str) -> Diagnostic {
    let told = places
        .iter()
        .map(|view| format!("{service} of {} in {}", view.app, view.environment));
    let told: Vec<String> = told.collect();
    let one_app = places.windows(2).all(|pair| pair[0].app == pair[1].app);
    Diagnostic::new(
        Exit::Usage,
        format!("there is more than one service {service}"),
    )
    .code(SERVICE)
    .detail(told.join("\n"))
    .hint(if one_app {
        "choose its environment with -e ENV"
    } else {
        "choose its application with -f FILE, and its environment with -e ENV"
    })
}

#[cfg(test)]
mod tests {
    use windlass_model::{AppName, EnvironmentName};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn names_are_those_of_the_application_here_and_each_comes_once() {
        let shop = sample::environment();
        let (mut staging, mut blog) = (shop.clone(), shop.clone());
        staging.environment = EnvironmentName::new("staging").unwrap();
        blog.app = AppName::new("blog").unwrap();
        blog.services.remove(&sample::service("auth"));
        let all = [shop, staging, blog];
        assert_eq!(names(&all, Some("shop"), None), ["api", "auth", "worker"]);
        assert_eq!(names(&all, Some("blog"), None), ["api", "worker"]);
        assert_eq!(names(&all, None, None), ["api", "auth", "worker"]);
        assert!(names(&all, Some("blog"), Some("staging")).is_empty());
    }

    #[test]
    fn what_has_the_name_is_told_with_what_chooses_one_of_them() {
        let shop = sample::environment();
        let (mut staging, mut blog) = (shop.clone(), shop.clone());
        staging.environment = EnvironmentName::new("staging").unwrap();
        blog.app = AppName::new("blog").unwrap();
        let said = ambiguous(&[&shop, &staging], "api");
        assert_eq!(
            said.detail.as_deref(),
            Some("api of shop in production\napi of shop in staging")
        );
        assert_eq!(
            said.hint.as_deref(),
            Some("choose its environment with -e ENV")
        );
        let said = ambiguous(&[&shop, &blog], "api");
        assert!(said.hint.is_some_and(|hint| hint.contains("-f FILE")));
    }
}
