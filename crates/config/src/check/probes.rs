//! Probes that can come out good in the time they have.

use windlass_model::{Millis, ProbeKind};

use crate::assemble::probe;
use crate::environment::View;
use crate::problem::NEVER_READY;
use crate::reader::Reader;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for draft in view.services.values() {
        if draft.listen.is_broken() {
            continue;
        }
        let written = draft.probes.good().and_then(|probes| probes.ready.at());
        let Some(written) = written else {
            continue;
        };
        let probe = probe(draft);
        let least = match &probe.kind {
            ProbeKind::Alive { at_least } => *at_least,
            ProbeKind::Command { .. } => Millis::ZERO,
            ProbeKind::Http { .. } | ProbeKind::Tcp => {
                let gaps = u64::from(probe.rise.saturating_sub(1));
                Millis::from_millis(probe.every.as_millis().saturating_mul(gaps))
            }
        };
        if least > probe.within {
            let span = written
                .value
                .within
                .at()
                .map_or(written.span, |within| within.span);
            let message = format!(
                "it can't be ready within {}: that takes {least} at least",
                probe.within
            );
            let hint = "raise `within`, or lower `every` or `rise`";
            reader.refuse_for(NEVER_READY, span, message, hint);
        }
    }
}
