//! `windlass promote`: skips the remaining bakes and steps of every rollout.

use clap::Args;
use jiff::tz::TimeZone;
use windlass_api::{Command, DeploymentView, EnvironmentView, HALT_SIGN, HeldView};
use windlass_model::{DeploymentState, Halt, PlanKind};

use super::tell::{report, tell};
use crate::arguments::{Because, Which};
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::follow::environment_of;
use crate::report::Report;
use crate::ui::record::traffic;
use crate::ui::ways::{next_lines, ways};
use crate::ui::words::whose_halt;

/// Options of `promote`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) which: Which,

    #[command(flatten)]
    because: Because,
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let said = (&options.which, &options.because);
    let (client, view) = tell(context, said, Command::Promote).await?;
    let runs = environment_of(&client, &view).await;
    let halt = runs.as_ref().and_then(|runs| runs.halted.as_ref());
    let halt = halt.filter(|_| goes_up(&view));
    let (said, next) = if let Some(halt) = halt {
        let said = under_halt(&view, (halt, runs.as_ref()), &context.ui.style().zone);
        (said, next(&view, halt))
    } else {
        let said = format!("{} skips its remaining bakes and steps", view.id);
        (said, Vec::new())
    };
    report(context, &view, (said, next))
}

/// Whether a halt keeps it from what it would do next: nothing that goes back is kept.
fn goes_up(view: &DeploymentView) -> bool {
    let is_open = matches!(view.state, DeploymentState::Running | DeploymentState::Held);
    is_open && view.kind == PlanKind::Deploy
}

/// The word is kept, and nothing comes of it yet: whose halt that is, and where traffic is meanwhile.
fn under_halt(
    view: &DeploymentView,
    (halt, runs): (&Halt, Option<&EnvironmentView>),
    zone: &TimeZone,
) -> String {
    let mut lines = vec![
        format!(
            "{} skips its remaining bakes and steps once the halt is lifted",
            view.id
        ),
        format!(
            "halted {}: no candidate gets more traffic",
            whose_halt(halt, zone)
        ),
    ];
    let now = runs.and_then(|runs| traffic(view, runs));
    lines.extend(now.map(|now| format!("traffic now: {now}")));
    lines.join("\n")
}

/// What ends that.
fn next(view: &DeploymentView, halt: &Halt) -> Vec<String> {
    let held = HeldView {
        by: format!("{HALT_SIGN}{})", halt.by),
        since_us: halt.since_us,
    };
    let ways = ways(&view.id, DeploymentState::Held, Some(&held), false);
    next_lines(&ways)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn under_a_halt_it_says_who_halted_when_and_why_and_what_ends_that() {
        let view = sample::deployment("dep_01k0a");
        let halt = Halt {
            by: "jo".to_owned(),
            since_us: sample::at(0),
            why: Some("checkout fails".to_owned()),
        };
        let runs = sample::environment();
        let text = under_halt(&view, (&halt, Some(&runs)), &TimeZone::UTC);
        insta::assert_snapshot!(text, @r"
        dep_01k0a skips its remaining bakes and steps once the halt is lifted
        halted since 2026-11-21 14:02:11 by jo (checkout fails): no candidate gets more traffic
        traffic now: api 100 % 1.4.2, auth 100 % 1.4.2
        ");
        insta::assert_snapshot!(next(&view, &halt).join("\n"), @r"
        next: windlass halt --lift      goes on
              windlass abort dep_01k0a  goes back
        ");
        assert!(goes_up(&view));
    }

    #[test]
    fn a_halt_is_in_the_way_of_nothing_that_goes_back() {
        let mut view = sample::deployment("dep_01k0a");
        view.state = DeploymentState::Returning;
        assert!(!goes_up(&view));
        view.state = DeploymentState::Running;
        view.kind = PlanKind::Rollback;
        assert!(!goes_up(&view));
    }
}
