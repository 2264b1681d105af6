//! Random applications in a world that misbehaves: whatever goes wrong, every deployment comes to an
//! end, and what runs then is exactly what the environment says.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use windlass_model::{OnFailure, Outcome};

use crate::builders::{App, KINDS, Kind, instance_id, name};
use crate::rollback::{Back, rollback};
use crate::world::{Script, World};

/// The same cases in every run: a test that fails today failed yesterday. `PROPTEST_CASES` and
/// `PROPTEST_RNG_SEED` ask for more and for others.
pub(crate) fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        failure_persistence: None,
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(2),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        ..asked
    }
}

const NAMES: [&str; 3] = ["auth", "api", "web"];

/// One to three services of any kind, needing those before them or not.
pub(crate) fn an_app() -> impl Strategy<Value = App> {
    let part = (0..KINDS.len(), 1_u16..4, any::<bool>(), 0_u8..16);
    let whole = (vec(part, 1..4), any::<bool>(), any::<bool>());
    whole.prop_map(|(parts, all, keep_failed)| {
        let mut app = App {
            parts: Vec::new(),
            on_failure: if all {
                OnFailure::All
            } else {
                OnFailure::Dependents
            },
            keep_failed,
        };
        for (at, (kind, instances, standby, bits)) in parts.into_iter().enumerate() {
            let needs: Vec<&str> = (0..at)
                .filter(|before| bits & (1 << before) != 0)
                .map(|before| NAMES[before])
                .collect();
            app = app
                .and(NAMES[at], KINDS[kind], &needs)
                .instances(instances + 1);
            if standby {
                app = app.with_standby();
            }
            if bits & 8 != 0 {
                app = app.with_failed();
            }
            if bits & 4 != 0 {
                app = app.rollback_on(&[]);
            }
        }
        app
    })
}

/// A way back of whole applications.
pub(crate) fn a_rollback() -> impl Strategy<Value = (App, Back)> {
    let runs = |(mut app, warm): (App, bool)| {
        let back = if warm { Back::Warm } else { Back::Cold };
        for part in &mut app.parts {
            // Something must run that can be gone back from.
            part.kind = match part.kind {
                Kind::First => Kind::BlueGreen,
                Kind::FirstWorker => Kind::Worker,
                Kind::FirstCommand => Kind::Command,
                kind => kind,
            };
            part.standby |= warm;
        }
        (app, back)
    };
    (an_app(), any::<bool>()).prop_map(runs)
}

/// One thing that goes wrong.
#[derive(Clone, Debug)]
struct Trouble {
    what: u8,
    service: usize,
    instance: u16,
    times: u32,
}

fn a_trouble() -> impl Strategy<Value = Trouble> {
    (0_u8..9, 0_usize..3, 0_u16..3, 1_u32..7).prop_map(|(what, service, instance, times)| Trouble {
        what,
        service,
        instance,
        times,
    })
}

fn write(script: &mut Script, trouble: &Trouble) {
    let service = NAMES[trouble.service];
    let times = trouble.times;
    let of = |tag: &str| instance_id(service, &format!("{tag}{}", trouble.instance));
    match trouble.what {
        0 => {
            script.never_ready.insert(of("new"));
        }
        1 => {
            script
                .ends_after_ready
                .insert(of("new"), u64::from(times) * 4_000);
        }
        2 => {
            script.address_taken.insert(of("new"), times);
        }
        3 => {
            script.address_taken.insert(of("back"), times);
        }
        4 => {
            script.start_fails.insert(of("back"), times);
        }
        5 => {
            script.stop_fails.insert(of("new"), times);
        }
        6 => {
            script.stop_fails.insert(of("old"), times);
        }
        7 => {
            script.stop_fails.insert(of("kept"), times);
        }
        _ => {
            script.route_refused.insert(name(service), times);
        }
    }
}

/// What happens from outside, and after how many journal rows.
fn says(world: &mut World, what: u8) {
    match what {
        0 | 1 => world.says_hold(),
        2 => world.says_abort(),
        3 => world.says_promote(),
        4 => world.says_resume(),
        5 => world.crash(),
        9 => {
            let armed = world.outside.wires.keys().next().cloned();
            if let Some(service) = armed {
                world.trips(service.as_str());
            }
        }
        n => {
            let service = NAMES[usize::from(n) % 3];
            if world.deployment.rollouts.contains_key(&name(service)) {
                world.ends(service, "old0");
            }
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_deployment_ends_and_leaves_what_it_says(
        app in an_app(),
        troubles in vec(a_trouble(), 0..4),
        words in vec((1_usize..120, 0_u8..10), 0..4),
        crashes in btree_set(1_usize..200, 0..6),
    ) {
        let mut world = World::new(&app).with(|script| {
            script.crashes = crashes;
            for trouble in &troubles {
                write(script, trouble);
            }
        });
        for (row, what) in words {
            world.run_until(|w| w.journal.len() >= row);
            says(&mut world, what);
        }
        let outcome = world.run_to_end();
        if outcome == Outcome::PartlyPromoted {
            prop_assert_eq!(app.on_failure, OnFailure::Dependents);
        }
    }

    #[test]
    fn every_rollback_ends_where_it_wanted_to_be(
        (app, back) in a_rollback(),
        troubles in vec(a_trouble(), 0..3),
        words in vec((1_usize..80, 3_u8..9), 0..3),
        crashes in btree_set(1_usize..120, 0..6),
    ) {
        let mut world = rollback(&app, back).with(|script| {
            script.crashes = crashes;
            for trouble in &troubles {
                write(script, trouble);
            }
            // Whoever repairs asks again a few times only.
            script.never_ready.clear();
        });
        for (row, what) in words {
            world.run_until(|w| w.journal.len() >= row);
            says(&mut world, what);
        }
        prop_assert_eq!(world.run_to_end(), Outcome::Promoted);
        for state in world.environment().services.values() {
            let stable = state.stable.as_ref().expect("it runs");
            prop_assert_eq!(&stable.release.version.0, "0");
            prop_assert_eq!(&state.standby, &None);
        }
    }

    #[test]
    fn a_deployment_that_nothing_disturbs_is_promoted(app in an_app()) {
        prop_assert_eq!(World::new(&app).run_to_end(), Outcome::Promoted);
    }
}
