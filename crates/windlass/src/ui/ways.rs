//! What may be said to a deployment that has not ended, as commands.

use windlass_model::{DeploymentId, DeploymentState};

use windlass_api::HeldView;

use super::wide::{padded, wide};

/// A command, and what follows of it.
type Way = (String, &'static str);

/// What may be said to it now; nothing once it has ended. `asks`: one of its steps waits for evidence.
pub(crate) fn ways(
    id: &DeploymentId,
    state: DeploymentState,
    held: Option<&HeldView>,
    asks: bool,
) -> Vec<Way> {
    let follow = || (format!("windlass events {id} --follow"), "follows it");
    let promote = || (format!("windlass promote {id}"), "skips all that is left");
    let abort = || (format!("windlass abort {id}"), "goes back");
    match state {
        DeploymentState::Held if held.is_some_and(HeldView::is_halt) => {
            let lift = ("windlass halt --lift".to_owned(), "goes on");
            vec![lift, abort()]
        }
        // Nobody does: its score does.
        DeploymentState::Held if held.is_none() => {
            let explain = "windlass score --explain".to_owned();
            let resume = (format!("windlass resume {id}"), "goes on all the same");
            let raised = "what gives points back";
            vec![(explain, raised), resume, abort()]
        }
        DeploymentState::Held => {
            let goes_on = if asks {
                "goes on to the next step"
            } else {
                "goes on"
            };
            let resume = (format!("windlass resume {id}"), goes_on);
            vec![resume, promote(), abort()]
        }
        DeploymentState::Running if asks => vec![follow(), promote(), abort()],
        DeploymentState::Running | DeploymentState::Returning | DeploymentState::Settling => {
            vec![follow()]
        }
        DeploymentState::Stuck => vec![(format!("windlass show {id}"), "says what may mend it")],
        DeploymentState::Ended(_) => Vec::new(),
    }
}

/// The same as lines below each other; one alone needs no word about what follows.
pub(crate) fn next_lines(ways: &[Way]) -> Vec<String> {
    const HEAD: &str = "next: ";
    if let [(only, _)] = ways {
        return vec![format!("{HEAD}{only}")];
    }
    let widest = ways.iter().map(|(command, _)| wide(command));
    let widest = widest.max().unwrap_or(0);
    let lines = ways.iter().enumerate().map(|(index, (command, what))| {
        let head = if index == 0 { HEAD } else { "" };
        format!("{head:6}{}  {what}", padded(command, widest))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    fn said(state: DeploymentState, by: &str, asks: bool) -> String {
        let held = HeldView {
            by: by.to_owned(),
            since_us: 0,
        };
        let id = sample::deployment("dep_01k0b7fq2m8x5n3v9c4t6w0e1a").id;
        next_lines(&ways(&id, state, Some(&held), asks)).join("\n")
    }

    #[test]
    fn what_is_held_names_every_way_out_in_80_columns() {
        let text = said(DeploymentState::Held, "the analysis of web (no data)", true);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        insta::assert_snapshot!(text, @r"
        next: windlass resume dep_01k0b7fq2m8x5n3v9c4t6w0e1a   goes on to the next step
              windlass promote dep_01k0b7fq2m8x5n3v9c4t6w0e1a  skips all that is left
              windlass abort dep_01k0b7fq2m8x5n3v9c4t6w0e1a    goes back
        ");
    }

    #[test]
    fn a_halt_is_lifted_and_not_resumed() {
        insta::assert_snapshot!(said(DeploymentState::Held, "halt (mira)", false), @r"
        next: windlass halt --lift                           goes on
              windlass abort dep_01k0b7fq2m8x5n3v9c4t6w0e1a  goes back
        ");
    }

    #[test]
    fn one_way_alone_is_one_line() {
        insta::assert_snapshot!(said(DeploymentState::Settling, "", false), @"next: windlass events dep_01k0b7fq2m8x5n3v9c4t6w0e1a --follow");
    }
}
