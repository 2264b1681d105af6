//! `windlass halt`: nothing is raised anywhere until it is lifted. Works without a controller.

use std::io::ErrorKind;

use clap::Args;
use windlass_api::Exit;
use windlass_model::Halt;

use super::wants::Wants;
use crate::arguments::Because;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::halt::{Halted, halt, lift};
use crate::person::person;
use crate::report::Report;
use crate::ui::time::now_us;
use crate::ui::words::whose_halt;
use crate::wire;

/// Options of `halt`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// End the halt
    #[arg(long)]
    lift: bool,

    #[command(flatten)]
    because: Because,
}

impl Options {
    /// What it wants of the state directory.
    pub(super) fn wants(&self) -> Wants {
        if self.lift {
            Wants::There
        } else {
            Wants::Meant
        }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let paths = context.paths()?;
    let failed = |why: std::io::Error| {
        let what = format!("{} can't be changed", paths.halted.display());
        Diagnostic::io(what, &why).hint(
            "look with: windlass doctor; what runs is stopped all the same by: windlass abort",
        )
    };
    let zone = context.ui.style().zone;
    if options.lift {
        // Where nothing was ever kept, nothing is halted and nothing is made.
        let by = (person(), options.because.message.clone());
        let lifted = lift(&paths, by, now_us()).map_err(failed)?;
        if let Some(why) = lifted.as_ref().and_then(|lifted| lifted.unnoted.as_ref()) {
            context
                .ui
                .say(&format!("who lifted it could not be noted: {why}"));
        }
        let was = lifted.map(|lifted| lifted.was);
        let text = match &was {
            Some(was) => format!("lifted: it was halted {}\n", whose_halt(was, &zone)),
            None => "nothing is halted\n".to_owned(),
        };
        return Report::new(text, &serde_json::json!({ "halted": null, "was": was }));
    }
    paths.create()?;
    let by = Halt {
        by: person(),
        since_us: now_us(),
        why: options.because.message.clone(),
    };
    let (first, text) = match halt(&paths, by).map_err(failed)? {
        Halted::Now(halt) => (
            halt,
            "halted: no candidate gets more traffic, aborts and rollbacks go on\n\
             end it: windlass halt --lift\n"
                .to_owned(),
        ),
        Halted::Already(halt) => {
            let text = format!(
                "halted already {}\nend it: windlass halt --lift\n",
                whose_halt(&halt, &zone)
            );
            (halt, text)
        }
    };
    Report::new(text, &serde_json::json!({ "halted": first }))
}

/// Refuses what would raise, before anything is asked of the controller.
pub(super) fn must_not_be_halted(context: &Context) -> Result<(), Diagnostic> {
    if context.global.server.is_some() {
        // The controller knows, and refuses it itself.
        return Ok(());
    }
    let paths = context.paths()?;
    let Some(halt) = wire::halted(&paths) else {
        return Ok(());
    };
    // A folder that may not be read would look halted.
    if let Err(why) = std::fs::symlink_metadata(&paths.halted) {
        let exit = match why.kind() {
            ErrorKind::PermissionDenied => Exit::Refused,
            _ => Exit::Configuration,
        };
        let what = format!("{} can't be read", paths.state.display());
        return Err(Diagnostic::state(exit, what, &why));
    }
    let zone = context.ui.talk_style().zone;
    Err(Diagnostic::new(
        Exit::Refused,
        format!("everything is halted {}", whose_halt(&halt, &zone)),
    )
    .code("WL0408")
    .detail("nothing was changed; aborts and rollbacks go on")
    .hint("windlass halt --lift"))
}
