//! Why a router did not do what a person asked of it.

use windlass_api::Exit;
use windlass_control::{ObservedTable, Refusal};

use crate::diagnostic::Diagnostic;
use crate::ui::router::trip_text;

/// What was asked does not fit the router as it stands.
const AS_IT_STANDS: &str = "WL0427";

/// Another program could not take the router's place.
const NOT_HANDED_OVER: &str = "WL0485";

/// Nothing was changed, and why. `table` is what the router served before.
pub(crate) fn refused(refusal: &Refusal, table: &ObservedTable) -> Diagnostic {
    let said = |what: String| Diagnostic::new(Exit::Refused, what).detail("nothing was changed");
    match refusal {
        Refusal::Controlled => controlled(),
        Refusal::Tripped(id) => {
            let trip = table.trips.iter().find(|trip| trip.id == *id);
            let saw = trip.map(|trip| trip_text(table, trip));
            let said = said("the last split went back by itself".to_owned());
            let said = match saw {
                Some(saw) => said.detail(format!("{saw}\nnothing was changed")),
                None => said,
            };
            said.code("WL0423").hint("split it all the same: --again")
        }
        Refusal::Halted(by) => said(format!("everything is halted by {by}"))
            .code("WL0408")
            .hint("windlass halt --lift"),
        Refusal::Generation { service, .. } => said(format!(
            "the split of {} has moved meanwhile",
            service.service
        ))
        .code("WL0424")
        .hint("look, and decide anew: windlass router status"),
        Refusal::NoCapacity { service, .. } | Refusal::TakesRequests { service, .. } => said(
            format!("no instance of {} is ready to take it", service.service),
        )
        .code("WL0425")
        .hint("see which origin is ready, and whether it runs: windlass router status"),
        Refusal::OldEpoch(epoch) => said(format!(
            "the router obeys a newer controller, of epoch {epoch}"
        ))
        .code(AS_IT_STANDS)
        .hint("ask that one: windlass status"),
        Refusal::Alone => said("the router runs alone".to_owned())
            .code(AS_IT_STANDS)
            .hint("look: windlass router status"),
        Refusal::Invalid(what) => said(what.clone())
            .code(AS_IT_STANDS)
            .hint("see what it serves: windlass router status"),
        Refusal::NotHandedOver(what) => said(format!("the router goes on as it is: {what}"))
            .code(NOT_HANDED_OVER)
            .hint("see router.log in the state directory, or where the router's output goes"),
        Refusal::NotKept(what) => said(what.clone()).code(AS_IT_STANDS).hint(room(what)),
    }
}

/// What to do about a table that could not be kept, for what was seen then.
fn room(what: &str) -> &'static str {
    if what.contains("Too many open files") {
        "let the router have more open files (ulimit -n, LimitNOFILE=), or fewer connections"
    } else {
        "make room on the disk of the state directory"
    }
}

/// What a person wants is not taken where a controller decides.
pub(crate) fn controlled() -> Diagnostic {
    Diagnostic::new(
        Exit::Refused,
        "a controller decides what this router does",
    )
    .code("WL0422")
    .detail("nothing was changed")
    .hint(
        "go back: windlass router rollback; all else goes by windlass deploy and windlass rollback",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_make_room_in_is_what_there_is_none_of() {
        let lacks = |why| room(&format!("the table could not be kept: {why}"));
        assert!(lacks("No space left on device (os error 28)").contains("disk"));
        let files = [
            "Too many open files (os error 24)",
            "Too many open files in system (os error 23)",
        ];
        for why in files {
            assert!(lacks(why).contains("open files"), "{why}");
        }
    }
}
