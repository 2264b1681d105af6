//! The story in words.

use windlass_model::{Fact, Outcome, ServiceName, Verdict, Version};

use super::proof::Counted;
use super::told::{Act, Switch, Told};
use crate::ui::words;

fn shifted(service: &ServiceName, share: &str, version: &Version) -> String {
    format!("{service:<5} {share:>5} of the requests to version {version}")
}

/// A line for a fact that moves the story; most don't. `ending` is how the deployment is to end.
pub(crate) fn line(fact: &Fact, ending: Outcome) -> Option<String> {
    Some(match fact {
        Fact::InstanceReady { service, .. } => format!("{service:<5} is ready"),
        Fact::TrafficShifted {
            service,
            version,
            to,
            ..
        } => shifted(service, &to.to_string(), version),
        Fact::RolloutPassed { service } => format!("{service:<5} has passed"),
        Fact::RolloutFailed { service, why } => {
            format!("{service:<5} goes back: {}", words::reason(why))
        }
        Fact::Promoted { services } => {
            format!("promoted: {}, in one step", words::listed(services))
        }
        Fact::SlotDrained { service, cut, .. } => match cut {
            0 if ending == Outcome::RolledBack => format!("{service:<5} slot drained"),
            0 => format!("{service:<5} old slot drained, kept warm"),
            cut => format!("{service:<5} slot drained, {cut} requests cut"),
        },
        Fact::Stuck { service, why } => format!("{service:<5} is stuck: {}", words::stuck(why)),
        Fact::TripwireFired { service, saw, .. } => {
            format!("{service:<5} tripwire: {}", words::harmless(saw))
        }
        Fact::TripwireWithheld { service, saw } => {
            format!("{service:<5} tripwire withheld: {}", words::harmless(saw))
        }
        Fact::TriggerFired {
            service,
            trigger,
            saw,
        } => format!("{service:<5} {trigger}: {}", words::harmless(saw)),
        Fact::Judged { service, judgement } => match judgement.verdict {
            Verdict::Pass | Verdict::Fail => format!("{service:<5} errors {}", judgement.words),
            Verdict::NoData | Verdict::Inconclusive | Verdict::Error => return None,
        },
        Fact::Proved { service, proof } => format!("{service:<5} {}", words::proof(proof)),
        Fact::Superseded { .. }
        | Fact::Repaired { .. }
        | Fact::Removed { .. }
        | Fact::Renamed { .. }
        | Fact::RenameFailed { .. }
        | Fact::DeploymentStarted { .. }
        | Fact::PhaseEntered { .. }
        | Fact::InstanceStarted { .. }
        | Fact::NotReady { .. }
        | Fact::CommandStarted { .. }
        | Fact::Reported { .. }
        | Fact::Heard { .. }
        | Fact::InstanceLost { .. }
        | Fact::BakeStarted { .. }
        | Fact::RolloutReturned { .. }
        | Fact::Because { .. }
        | Fact::Held { .. }
        | Fact::Resumed { .. }
        | Fact::EvidenceAwaited { .. }
        | Fact::EvidenceMissing { .. }
        | Fact::Scored { .. }
        | Fact::GateShut { .. }
        | Fact::GatePassed { .. }
        | Fact::Sight { .. }
        | Fact::Expedited { .. }
        | Fact::WentPast { .. }
        | Fact::AbortRequested { .. }
        | Fact::SlotRetired { .. }
        | Fact::InstanceKilled { .. }
        | Fact::FailedKept { .. }
        | Fact::Ended { .. } => return None,
    })
}

/// The tables at the end.
pub(crate) fn ending(told: &Told) -> String {
    let acts = told.acts.iter().map(act_row).collect::<String>();
    let switches = switch_rows(&told.switches);
    let counts = told.ledgers.iter().map(count_row).collect::<String>();
    let bad = told.acts.iter().filter_map(bad_line).collect::<String>();
    let verdict = if told.ok {
        "Everything ended as told."
    } else {
        "NOT everything ended as told."
    };
    let (seconds, requests, failed) = (told.elapsed_ms / 1_000, told.requests(), told.failed());
    let heads = [
        format!(
            "{:<17} {:<12} {:>9} {:>7} {:>11}",
            "act", "outcome", "requests", "failed", "bad release"
        ),
        format!(
            "{:<10} {:>9} {:>9} {:>9} {:>7}",
            "answers by", "client", "router", "service", "errors"
        ),
    ];
    let [acts_head, counts_head] = heads;
    format!(
        "\n{acts_head}\n{acts}\n{switches}\n{counts_head}\n{counts}\n{bad}{verdict} {seconds} s, {requests} requests, {failed} failed.\n"
    )
}

fn act_row(act: &Act) -> String {
    let Act {
        name,
        outcome,
        requests,
        failed_requests,
        errors_from_bad_release,
        ..
    } = act;
    let bad = match act.detected_after_requests {
        Some(_) => errors_from_bad_release.to_string(),
        None => "-".to_owned(),
    };
    format!("{name:<17} {outcome:<12} {requests:>9} {failed_requests:>7} {bad:>11}\n")
}

/// How soon a bad release was off the traffic.
fn bad_line(act: &Act) -> Option<String> {
    let answers = act.detected_after_requests?;
    let restored = act.restored_ms?;
    Some(format!(
        "The bad release was taken back after {answers} answers; first bad answer to restored: {restored} ms.\n"
    ))
}

/// A row for each service and version: when it had which share, in seconds from the beginning.
fn switch_rows(switches: &[Switch]) -> String {
    const BACK: &str = "back";
    let share = |switch: &Switch| switch.to.clone().unwrap_or_else(|| BACK.to_owned());
    let mut shares: Vec<String> = Vec::new();
    let mut rows: Vec<(&str, &str)> = Vec::new();
    for switch in switches {
        if !shares.contains(&share(switch)) {
            shares.push(share(switch));
        }
        let row = (switch.service.as_str(), switch.version.as_str());
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    // By size; going back is last.
    shares.sort_by_key(|share| (share.len(), share.clone()));
    shares.retain(|share| share != BACK);
    if switches.iter().any(|switch| switch.to.is_none()) {
        shares.push(BACK.to_owned());
    }
    let mut text = format!("{:<10}", "switch at");
    for share in &shares {
        text.push_str(&padded(share));
    }
    text.push('\n');
    for (service, version) in rows {
        let name = format!("{service} {version}");
        let mut line = format!("{name:<10}");
        for column in &shares {
            let found = switches.iter().find(|switch| {
                (switch.service.as_str(), switch.version.as_str()) == (service, version)
                    && share(switch) == *column
            });
            line.push_str(&padded(&found.map_or_else(|| "-".to_owned(), when)));
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn when(switch: &Switch) -> String {
    format!("{}.{} s", switch.at_ms / 1_000, switch.at_ms % 1_000 / 100)
}

fn padded(cell: &str) -> String {
    format!(" {cell:>9}")
}

fn count_row(counted: &Counted) -> String {
    let who = format!("{} {}", counted.service, counted.version);
    let Counted {
        client,
        router,
        service_ledger,
        failed,
        ..
    } = counted;
    format!("{who:<10} {client:>9} {router:>9} {service_ledger:>9} {failed:>7}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_stand_in_a_row_for_each_service_and_version() {
        let switch = |service: &str, version: &str, to: Option<&str>, at_ms| Switch {
            service: service.to_owned(),
            version: version.to_owned(),
            to: to.map(str::to_owned),
            at_ms,
        };
        let switches = [
            switch("auth", "1", Some("100 %"), 1_049),
            switch("auth", "4", Some("5 %"), 40_000),
            switch("auth", "4", Some("100 %"), 41_000),
            switch("api", "4", Some("5 %"), 42_500),
            switch("api", "4", None, 42_900),
            switch("auth", "4", None, 43_000),
        ];
        let expected = "\
switch at        5 %     100 %      back
auth 1             -     1.0 s         -
auth 4        40.0 s    41.0 s    43.0 s
api 4         42.5 s         -    42.9 s
";
        assert_eq!(switch_rows(&switches), expected);
    }
}
