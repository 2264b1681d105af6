//! The story in words.

use windlass_model::Fact;

use super::proof::Counted;
use super::run::{Act, Told};
use crate::ui::words;

/// A line for a fact that moves the story; most don't.
pub(crate) fn line(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::InstanceReady { service, .. } => format!("{service:<5} is ready beside the old one"),
        Fact::TrafficShifted {
            service,
            version,
            to,
            ..
        } => {
            format!("{service:<5} {to:>5} of the requests to version {version}")
        }
        Fact::RolloutPassed { service } => format!("{service:<5} has passed"),
        Fact::RolloutFailed { service, why } => {
            format!("{service:<5} goes back: {}", words::reason(why))
        }
        Fact::Promoted { services } => {
            format!("promoted: {}, in one step", words::listed(services))
        }
        Fact::SlotDrained { service, cut, .. } => match cut {
            0 => format!("{service:<5} old slot drained, kept warm"),
            cut => format!("{service:<5} old slot drained, {cut} requests cut"),
        },
        Fact::Stuck { service, why } => format!("{service:<5} is stuck: {}", words::stuck(why)),
        Fact::DeploymentStarted { .. }
        | Fact::PhaseEntered { .. }
        | Fact::InstanceStarted { .. }
        | Fact::InstanceLost { .. }
        | Fact::BakeStarted { .. }
        | Fact::RolloutReturned { .. }
        | Fact::Held { .. }
        | Fact::Resumed { .. }
        | Fact::Expedited { .. }
        | Fact::AbortRequested { .. }
        | Fact::SlotRetired { .. }
        | Fact::Ended { .. } => return None,
    })
}

/// What an act is about.
pub(crate) fn opening(name: &str) -> &'static str {
    match name {
        "go_live" => "Act 1. Version 1 goes live: providers before consumers.",
        _ => "Act 2. Version 2 follows as a canary, 5 → 25 → 100 %, service by service.",
    }
}

/// The table at the end.
pub(crate) fn ending(told: &Told) -> String {
    let mut text = format!(
        "\n{:<10} {:<10} {:>9} {:>7}\n",
        "act", "outcome", "requests", "failed"
    );
    for Act {
        name,
        outcome,
        requests,
        failed_requests,
    } in &told.acts
    {
        text.push_str(&format_row(name, outcome, *requests, *failed_requests));
    }
    text.push_str("\nanswers by    client   router  service\n");
    for Counted {
        service,
        version,
        client,
        router,
        service_ledger,
    } in &told.ledgers
    {
        let who = format!("{service} {version}");
        text.push_str(&format!(
            "{who:<10} {client:>9} {router:>8} {service_ledger:>8}\n"
        ));
    }
    let verdict = if told.ok {
        "Everything ended as told."
    } else {
        "NOT everything ended as told."
    };
    let seconds = told.elapsed_ms / 1_000;
    text.push_str(&format!(
        "\n{verdict} {seconds} s, {} requests.\n",
        told.requests()
    ));
    text
}

fn format_row(name: &str, outcome: &str, requests: u64, failed: u64) -> String {
    format!("{name:<10} {outcome:<10} {requests:>9} {failed:>7}\n")
}
