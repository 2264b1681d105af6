//! What the router has counted.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_api::{FiguresView, Problem, VersionFigures};
use windlass_model::{ServiceKey, Version};

use crate::controller::Shared;
use crate::problems;

type Sums = BTreeMap<ServiceKey, BTreeMap<Option<Version>, VersionFigures>>;

/// Adds up all ticks that the router still keeps.
pub(crate) async fn figures(shared: &Rc<Shared>) -> Result<FiguresView, Problem> {
    let mut sums = Sums::new();
    let mut after = 0;
    let (mut begin, mut end) = (None, 0_u64);
    loop {
        let read = shared.border.router.ticks(after).await;
        let (boot, ticks) = read.map_err(|error| problems::no_router(&error))?;
        let Some(last) = ticks.last().map(|tick| tick.number) else {
            let services = sums
                .into_iter()
                .map(|(service, versions)| (service, versions.into_values().collect()))
                .collect();
            return Ok(FiguresView {
                router: boot.0,
                over_ms: end.saturating_sub(begin.unwrap_or(end)),
                services,
            });
        };
        after = last;
        for tick in ticks {
            // Of the first one that is kept only the end is known: a tick more or less does not matter.
            begin.get_or_insert(tick.until_ms);
            end = tick.until_ms.max(end);
            for (service, counts) in tick.services {
                let versions = sums.entry(service).or_default();
                for seen in counts {
                    let sum = versions.entry(seen.version.clone()).or_default();
                    sum.version = seen.version;
                    for (total, more) in sum.answers.iter_mut().zip(seen.answers) {
                        *total = total.saturating_add(more);
                    }
                    sum.connect_failures =
                        sum.connect_failures.saturating_add(seen.connect_failures);
                    sum.broken = sum.broken.saturating_add(seen.broken);
                }
            }
        }
    }
}
