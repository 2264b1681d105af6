//! What concerns a whole installation and a person must know before anything else of its status.

use windlass_api::{LostHistoryView, SilentRouterView};

use super::status::{Silent, Whole};
use super::time::of_calendar;
use super::words::whose_halt;
use super::{Role, Style};

/// One block for each: what it is, and what is next.
pub(super) fn warnings(whole: &Whole, style: &Style) -> String {
    let mut text = String::new();
    if let Some(halt) = &whole.halted {
        let head = style.paint(Role::Warn, "halted");
        let whose = whose_halt(halt, &style.zone);
        let line = format!("{head} {whose}: nothing is raised\nnext: windlass halt --lift\n\n");
        text.push_str(&line);
    }
    if let Some(silent) = &whole.silent {
        text.push_str(&silent_router(silent, style));
    }
    if !whole.certificates.is_empty() {
        for saw in &whole.certificates {
            let head = style.paint(Role::Warn, "certificates:");
            text.push_str(&[&head, " ", saw, "\n"].concat());
        }
        text.push_str("next: windlass doctor\n\n");
    }
    if let Some(LostHistoryView { own, heard }) = &whole.lost {
        let head = style.paint(Role::Bad, "lost history");
        let line = format!(
            "{head}: the journal is at epoch {own}, what runs has heard of {heard}; nothing is changed\n\
             next: windlass repair --adopt\n\n"
        );
        text.push_str(&line);
    }
    text
}

/// Who is silent, since when, what that means, and what to do.
fn silent_router(silent: &Silent, style: &Style) -> String {
    let SilentRouterView { pid, answered_us } = silent.router;
    let head = style.paint(Role::Bad, "no answer from the router");
    let who = pid
        .map(|pid| format!(" (process {pid})"))
        .unwrap_or_default();
    let since = answered_us.map(|at| format!(", the last was at {}", of_calendar(at, &style.zone)));
    let since = since.unwrap_or_default();
    let (state, next) = match pid {
        Some(pid) if silent.is_stopped => (
            "it is stopped by a signal, and so is the traffic".to_owned(),
            format!("kill -CONT {pid}"),
        ),
        Some(_) | None => (
            "what it does with the traffic is not known here".to_owned(),
            "windlass doctor".to_owned(),
        ),
    };
    format!("{head}{who}{since}: {state}\nnext: {next}\n\n")
}
