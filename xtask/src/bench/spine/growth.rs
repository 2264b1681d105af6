//! What the later deployments of the loop left behind, against what they should.

use crate::bench::row::{Goal, Measure};
use crate::bench::spine::deploy_loop::CONNECTIONS;
use crate::bench::spine::rest::Rest;
use crate::bench::timing::{figure, megabytes};

/// Controller, router, and shim and service of stable and of standby.
pub(super) const PROCESSES: usize = 6;
/// The shims of stable and standby.
const SHIMS: usize = 2;
/// Retention keeps what was planned lately, so many times: more than lie before the first look, so
/// that it is no growth and has a limit of its own.
const RECORDS: usize = 100;
/// The controller's open files come and go by a few. One kept in ten deployments would be more than
/// this after the 180 that are compared.
const CONTROLLER_FILES: usize = 16;
/// The router keeps connections to stable and standby open for a while, for each as many as were
/// needed at once. One file kept in two deployments would be more than this.
const ROUTER_FILES: usize = 2 * CONNECTIONS;
/// How much more memory there may be: this part of it, and so many MB.
const MEMORY_PART: f64 = 0.2;
const MEMORY_MB: f64 = 4.0;

/// Three absolute rows, then one for each thing that could pile up; `between` deployments lie between
/// the two looks.
pub(super) fn rows(early: &Rest, late: &Rest, between: usize) -> Vec<Measure> {
    let count = |name, value: f64, goal| Measure {
        name,
        value,
        unit: "",
        anchor: None,
        goal: Goal::AtMost(goal),
    };
    // What is counted at rest is the same each time: one more is one too many.
    let exact = |name, of: fn(&Rest) -> usize| count(name, grown(of(early), of(late)), 0.0);
    let mut rows = vec![
        count(
            "deploy_loop_processes",
            figure(late.processes),
            figure(PROCESSES),
        ),
        count("deploy_loop_shims", figure(late.shims), figure(SHIMS)),
        count(
            "deploy_loop_release_records",
            figure(late.state.records),
            figure(RECORDS),
        ),
        exact("growth_processes", |rest| rest.processes),
        exact("growth_sockets", |rest| rest.sockets),
        exact("growth_listening_ports", |rest| rest.ports),
        exact("growth_state_files", |rest| rest.state.files),
        count(
            "growth_controller_files",
            grown(early.controller_files, late.controller_files),
            figure(CONTROLLER_FILES),
        ),
        count(
            "growth_router_files",
            grown(early.router_files, late.router_files),
            figure(ROUTER_FILES),
        ),
    ];
    let memory = |name, before: u64, after: u64| Measure {
        name,
        value: megabytes(after) - megabytes(before),
        unit: "MB",
        anchor: None,
        goal: Goal::AtMost(tenths(megabytes(before) * MEMORY_PART + MEMORY_MB)),
    };
    rows.push(memory(
        "growth_controller_memory",
        early.controller.rss,
        late.controller.rss,
    ));
    rows.push(memory(
        "growth_router_memory",
        early.router.rss,
        late.router.rss,
    ));
    // Mostly the journal, which keeps the last two hundred deployments: it is told, not limited.
    rows.push(Measure {
        name: "growth_state_per_deployment",
        value: (megabytes(late.state.bytes) - megabytes(early.state.bytes)) * 1_000.0
            / figure(between.max(1)),
        unit: "kB",
        anchor: None,
        goal: Goal::Told,
    });
    rows
}

fn grown(early: usize, late: usize) -> f64 {
    figure(late) - figure(early)
}

/// Rounded, for a goal that a person reads.
fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::lab::Kept;
    use crate::bench::processes::Memory;

    const MB: u64 = 1_000_000;

    fn rest() -> Rest {
        Rest {
            processes: 6,
            shims: 2,
            controller_files: 20,
            router_files: 40,
            sockets: 4,
            ports: 3,
            controller: Memory {
                rss: 20 * MB,
                pss: 10 * MB,
            },
            router: Memory {
                rss: 10 * MB,
                pss: 5 * MB,
            },
            shim: Memory::default(),
            state: Kept {
                bytes: 100 * MB,
                records: 20,
                files: 50,
            },
        }
    }

    fn missed(late: &Rest) -> Vec<&'static str> {
        let judged = rows(&rest(), late, 180);
        let over = |row: &&Measure| match row.goal {
            Goal::AtMost(limit) => row.value > limit,
            Goal::Told
            | Goal::AtLeast(_)
            | Goal::TimesAnchor(_)
            | Goal::NearAnchor(_)
            | Goal::PairsAtMost { .. }
            | Goal::PairsAtLeast { .. }
            | Goal::RoundsAtMost { .. } => false,
        };
        judged.iter().filter(over).map(|row| row.name).collect()
    }

    #[test]
    fn the_same_again_is_no_growth() {
        assert!(missed(&rest()).is_empty(), "{:?}", missed(&rest()));
    }

    #[test]
    fn each_thing_that_piles_up_is_named() {
        let mut late = rest();
        late.processes = 7;
        late.shims = 3;
        late.state.records = 101;
        late.sockets = 5;
        late.state.files = 51;
        late.controller_files = 37;
        late.router_files = 105;
        late.controller.rss = 28 * MB + 1;
        let expected = [
            "deploy_loop_processes",
            "deploy_loop_shims",
            "deploy_loop_release_records",
            "growth_processes",
            "growth_sockets",
            "growth_state_files",
            "growth_controller_files",
            "growth_router_files",
            "growth_controller_memory",
        ];
        assert_eq!(missed(&late), expected);
    }

    #[test]
    fn less_than_before_is_well() {
        let mut late = rest();
        late.router_files = 20;
        late.controller.rss = 10 * MB;
        late.state.files = 40;
        assert!(missed(&late).is_empty());
    }
}
