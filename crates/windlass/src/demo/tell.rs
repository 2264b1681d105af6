//! The story in words.

use windlass_model::Fact;

use super::proof::Counted;
use super::run::{Act, Told};
use crate::ui::words;

/// A line for a fact that moves the story; most don't.
pub(crate) fn line(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::InstanceReady { service, .. } => format!("{service:<5} is ready"),
        Fact::TrafficShifted {
            service,
            version,
            to,
            ..
        } => {
            let share = to.to_string();
            format!("{service:<5} {share:>5} of the requests to version {version}")
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

/// The tables at the end.
pub(crate) fn ending(told: &Told) -> String {
    let acts = told.acts.iter().map(act_row).collect::<String>();
    let counts = told.ledgers.iter().map(count_row).collect::<String>();
    let verdict = if told.ok {
        "Everything ended as told."
    } else {
        "NOT everything ended as told."
    };
    let (seconds, requests) = (told.elapsed_ms / 1_000, told.requests());
    let heads = [
        format!(
            "{:<10} {:<12} {:>9} {:>7}",
            "act", "outcome", "requests", "failed"
        ),
        format!(
            "{:<10} {:>9} {:>9} {:>9}",
            "answers by", "client", "router", "service"
        ),
    ];
    let [acts_head, counts_head] = heads;
    format!(
        "\n{acts_head}\n{acts}\n{counts_head}\n{counts}\n{verdict} {seconds} s, {requests} requests.\n"
    )
}

fn act_row(act: &Act) -> String {
    let Act {
        name,
        outcome,
        requests,
        failed_requests,
    } = act;
    format!("{name:<10} {outcome:<12} {requests:>9} {failed_requests:>7}\n")
}

fn count_row(counted: &Counted) -> String {
    let who = format!("{} {}", counted.service, counted.version);
    let Counted {
        client,
        router,
        service_ledger,
        ..
    } = counted;
    format!("{who:<10} {client:>9} {router:>9} {service_ledger:>9}\n")
}
