//! Why a deployment went as it did: its records, in words first.

use jiff::tz::TimeZone;
use windlass_analysis::ratio::interval::ENDS;
use windlass_api::{DeploymentView, RolloutView};
use windlass_model::{
    Judgement, Percent, PlanKind, RolloutPhase, ServiceName, Tally, Verdict, Version, about, count,
};

use super::by_hand;
use super::grounds::is_unread;
use super::printed::{last_lines, whose};
use super::scored;
use super::show::going_back;
use super::words::{change, harmless, listed, not_renamed, phase, reason, result, stuck};
use super::wrap::hang;

/// What was decided about each service, and what that rests on. `fits`: columns that a sentence must fit
/// into, where a person reads it.
pub(crate) fn why_text(view: &DeploymentView, fits: Option<usize>, zone: &TimeZone) -> String {
    let mut lines = vec![hang(
        "",
        &format!(
            "{}  {} in {}: {}",
            view.id,
            view.app,
            view.environment,
            result(view)
        ),
        fits,
    )];
    let past = by_hand::told(view, zone).into_iter();
    lines.extend(past.map(|past| hang("by hand: ", &past, fits)));
    if let Some(saw) = &view.not_renamed {
        lines.push(hang("stuck: ", &not_renamed(saw), fits));
    }
    lines.extend(scored::why(view));
    for (service, part) in &view.rollouts {
        let versions = change(part.from.as_ref(), &part.to);
        lines.push(String::new());
        lines.push(format!("{service}  {versions}, {}", standing(part)));
        let told = of_a_service(view, (service, part)).into_iter();
        lines.extend(told.map(|(head, text)| hang(&format!("  {head}"), &text, fits)));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Its phase, and the share of what is under way.
fn standing(part: &RolloutView) -> String {
    let phase_now = phase(part.phase);
    match part.phase {
        RolloutPhase::Holding | RolloutPhase::Shifting | RolloutPhase::Baking => {
            format!("{phase_now} at {}", part.weight)
        }
        RolloutPhase::Waiting
        | RolloutPhase::Clearing
        | RolloutPhase::StoppingOld
        | RolloutPhase::Starting
        | RolloutPhase::Passed
        | RolloutPhase::Settling
        | RolloutPhase::Returning
        | RolloutPhase::Done
        | RolloutPhase::Returned
        | RolloutPhase::Stuck => phase_now.to_owned(),
    }
}

/// What a line begins with, and what it says.
type Line = (&'static str, String);

/// Whether nothing is judged any more: what is missing then was missing.
fn is_over(view: &DeploymentView, part: &RolloutView) -> bool {
    view.ended_us.is_some() || part.returned_because.is_some()
}

fn of_a_service(view: &DeploymentView, (service, part): (&ServiceName, &RolloutView)) -> Vec<Line> {
    let is_over = is_over(view, part);
    let mut lines = Vec::new();
    if let (Some(why), Some(moves)) = (&part.returned_because, going_back(part)) {
        let to = part.from.as_ref().map(|from| format!(" to {from}"));
        let why = format!("{}: {}", to.unwrap_or_default(), reason(why));
        lines.push((moves, why));
    }
    if let Some(why) = &part.stuck_because {
        lines.push(("stuck: ", stuck(why)));
    }
    for (instance, printed) in &part.last_lines {
        let whose = whose(service, part.brought.is_some(), part.jobs.get(instance));
        lines.extend(last_lines(&whose, printed).map(|line| ("", line)));
    }
    if let Some(evidence) = &part.evidence {
        lines.push(("", evidence.words()));
    }
    if let Some(score) = &part.score {
        let measured = score.measured.as_ref().map(scored::brief);
        let measured = measured.unwrap_or_else(|| "being measured".to_owned());
        let need = score.need;
        lines.push((
            "score     ",
            format!(
                "{measured}; this step needs {}, below: {}",
                need.at_least, need.below
            ),
        ));
    }
    match &part.judgement {
        Some(judgement) if judgement.unanswered => {
            lines.push(("", unjudged(view.kind, part)));
            unseen(judgement, is_over, &mut lines);
        }
        Some(judgement) => record((judgement, is_over), part, &mut lines),
        None => lines.push(("", unjudged(view.kind, part))),
    }
    lines
}

/// Why there is no record.
fn unjudged(kind: PlanKind, part: &RolloutView) -> String {
    match kind {
        PlanKind::Rollback => "a person takes it back: nothing is judged on that way".to_owned(),
        PlanKind::Remove => "it goes: nothing is judged".to_owned(),
        PlanKind::Deploy => format!("no answer of {} was judged", part.to),
    }
}

fn record((judgement, is_over): (&Judgement, bool), part: &RolloutView, lines: &mut Vec<Line>) {
    let verdict = judgement.verdict;
    lines.push(("errors ", harmless(&judgement.words)));
    lines.push(("verdict   ", verdict_words(judgement, is_over)));
    if !matches!(verdict, Verdict::NoData | Verdict::Error) {
        let (new, old) = (tally(judgement.candidate), tally(judgement.stable));
        let beside = part.from.as_ref().map(|old| format!(" of {old}"));
        let beside = beside.unwrap_or_default();
        lines.push((
            "compared  ",
            format!("{new} of {}; {old}{beside} beside it", part.to),
        ));
        lines.push(("range     ", range((judgement, is_over), part)));
    }
    lines.extend(if is_over {
        lacked(judgement, &part.to).map(|lacked| ("lacked    ", lacked))
    } else {
        Some(("changes   ", changes(judgement, &part.to)))
    });
    unseen(judgement, is_over, lines);
}

/// Rules of which not enough was seen, and why.
fn unseen(judgement: &Judgement, is_over: bool, lines: &mut Vec<Line>) {
    if !judgement.rising.is_empty() {
        let rules = listed(&judgement.rising);
        let yet = yet(is_over);
        lines.push(("", format!("met, but not for long enough{yet}: {rules}")));
    }
    let few = judgement.not_watched.iter();
    let few: Vec<_> = few.filter(|rule| !is_unread(rule, judgement)).collect();
    if !few.is_empty() {
        let rules = listed(&few);
        lines.push((
            "",
            format!("not watched, for there was too little to judge: {rules}"),
        ));
    }
    let unread = judgement.unread.iter();
    lines.extend(unread.map(|(what, why)| {
        let line = format!("no number of {what}: {why}");
        ("", harmless(&line))
    }));
}

/// What says that more may come, as long as it may.
fn yet(is_over: bool) -> &'static str {
    if is_over { "" } else { " yet" }
}

/// The verdict, and how much of what it rests on was seen at the share that the step has.
fn verdict_words(judgement: &Judgement, is_over: bool) -> String {
    let (verdict, share) = (judgement.verdict, judgement.share);
    let all = judgement.stable.requests + judgement.candidate.requests;
    if all == 0 || verdict == Verdict::Error {
        return format!("{verdict}, at {share}");
    }
    match judgement.here {
        0 if share == Percent::FULL => {
            let serves = if is_over { "served" } else { "serves" };
            format!("{verdict}, by the steps before; at {share} nothing {serves} beside it")
        }
        0 if is_over => format!("{verdict}, by the steps before; nothing was compared at {share}"),
        0 => format!("{verdict}, by the steps before; nothing is compared at {share} yet"),
        here if here == all => format!("{verdict}, by what was compared at {share}"),
        here => format!("{verdict}; {} of the requests came at {share}", count(here)),
    }
}

/// How often it errs beside the other, as far as that is known, and where that range would have to lie:
/// where nothing bounds it, no number is said.
fn range((judgement, is_over): (&Judgement, bool), part: &RolloutView) -> String {
    let (lowest, highest) = ENDS;
    let (low, high) = (f64::from(judgement.at_least), f64::from(judgement.at_most));
    let new = &part.to;
    let times = match (low > lowest, high < highest) {
        (false, false) => {
            let known = if is_over {
                "erred was not known"
            } else {
                "errs is not known yet"
            };
            return format!("how much more or less often version {new} {known}");
        }
        (true, true) => format!("{low:.2} to {high:.2} times"),
        (false, true) => format!("at most {high:.2} times"),
        (true, false) => format!("at least {low:.2} times"),
    };
    let old = part.from.as_ref();
    let old = old.map_or_else(|| "the other".to_owned(), |old| format!("version {old}"));
    let needed = f64::from(judgement.needed);
    let certain = (1.0 - (-needed).exp()) * 100.0;
    let is_shown = f64::from(judgement.evidence) >= needed;
    let (errs, so) = if is_over {
        ("erred", shown_in_the_end(is_shown, low > 1.0))
    } else {
        ("errs", shown(is_shown, low > 1.0))
    };
    format!(
        "version {new} {errs} {times} as often as {old}, with a certainty of {certain:.0} %; {so}"
    )
}

fn shown(is_shown: bool, is_all_above: bool) -> &'static str {
    match (is_shown, is_all_above) {
        (true, true) => "all of that is above 1: it is worse",
        (true, false) => "what came in a part of that time shows that it is worse",
        (false, _) => "it is shown to be worse once all of that is above 1",
    }
}

fn shown_in_the_end(is_shown: bool, is_all_above: bool) -> &'static str {
    match (is_shown, is_all_above) {
        (true, true) => "all of that is above 1: it was worse",
        (true, false) => "what came in a part of that time showed that it was worse",
        (false, _) => "that does not show it to be worse",
    }
}

/// What would change the verdict.
fn changes(judgement: &Judgement, new: &Version) -> String {
    match (judgement.verdict, judgement.more_requests) {
        (Verdict::Fail, _) => "with nothing: what was shown once stays shown".to_owned(),
        (Verdict::Error, _) => {
            "with nothing: a split that was not kept voids what follows".to_owned()
        }
        (Verdict::Pass, _) => "with errors from now on".to_owned(),
        (Verdict::Inconclusive, Some(more)) => {
            format!("with {} more requests to version {new}", about(more))
        }
        (Verdict::Inconclusive | Verdict::NoData, _) => {
            "with requests to both versions at the same time".to_owned()
        }
    }
}

/// What a verdict could not be reached for want of; nothing where one was.
fn lacked(judgement: &Judgement, new: &Version) -> Option<String> {
    match (judgement.verdict, judgement.more_requests) {
        (Verdict::Fail | Verdict::Error | Verdict::Pass, _) => None,
        (Verdict::Inconclusive, Some(more)) => {
            Some(format!("{} more requests to version {new}", about(more)))
        }
        (Verdict::Inconclusive | Verdict::NoData, _) => {
            Some("requests to both versions at the same time".to_owned())
        }
    }
}

fn tally(tally: Tally) -> String {
    let (errors, requests) = (count(tally.errors), count(tally.requests));
    let error = if tally.errors == 1 { "error" } else { "errors" };
    format!("{errors} {error} in {requests} requests")
}

#[cfg(test)]
mod tests {
    use windlass_model::{Measure, ReturnReason, Rule, Trigger};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_record_is_told_in_words_first() {
        let mut view = sample::deployment("dep_01k0a");
        let parts: Vec<&mut RolloutView> = view.rollouts.values_mut().collect();
        let [api, auth] = parts.try_into().expect("two services");
        auth.judgement = Some(sample::judgement());
        auth.evidence = Some(sample::lacking(true));
        let rule = Rule::from(Trigger::ErrorRateWorse);
        let saw = "errors 2.00 % against 0.11 % beside it: worse, 4.0 to 90.1 times as often; 4,000 requests";
        api.returned_because = Some(ReturnReason::Triggered {
            trigger: rule,
            saw: saw.to_owned(),
        });
        insta::assert_snapshot!(why_text(&view, None, &TimeZone::UTC), @r"
        dep_01k0a  shop in production: running

        api  1.4.1 → 1.4.2, waiting
          went back to 1.4.1: error rate worse than baseline: errors 2.00 % against 0.11 % beside it: worse, 4.0 to 90.1 times as often; 4,000 requests
          no answer of 1.4.2 was judged

        auth  1.4.1 → 1.4.2, waiting
          waits for evidence at 25 %: about 2,000 more requests to the new version are needed
          errors 0.42 % against 0.40 % beside it: no difference shown; 12,400 requests; a doubling would have been seen
          verdict   pass, by what was compared at 25 %
          compared  13 errors in 3,100 requests of 1.4.2; 37 errors in 9,300 requests of 1.4.1 beside it
          range     version 1.4.2 errs 0.52 to 1.94 times as often as version 1.4.1, with a certainty of 99 %; it is shown to be worse once all of that is above 1
          changes   with errors from now on
          not watched, for there was too little to judge: error rate > 5% for 10s
          no number of metric login_failures: no answer in 15s
        ");
    }

    #[test]
    fn of_what_has_gone_back_nothing_is_said_to_be_under_way() {
        let mut view = sample::deployment("dep_01k0a");
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        let auth = auth.expect("a service");
        let mut judgement = sample::judgement();
        (judgement.verdict, judgement.more_requests) = (Verdict::Inconclusive, Some(3_371));
        judgement.here = 0;
        judgement.rising = vec![Rule::from(Trigger::ErrorRateWorse)];
        auth.judgement = Some(judgement);
        auth.returned_because = Some(ReturnReason::Tripped {
            service: sample::service("auth"),
            saw: "5 of 5 requests failed".to_owned(),
        });
        let text = why_text(&view, None, &TimeZone::UTC);
        let (_, auth) = text.split_once("auth  ").expect("its part");
        insta::assert_snapshot!(auth, @r"
        1.4.1 → 1.4.2, waiting
          went back to 1.4.1: the tripwire of auth fired: 5 of 5 requests failed
          errors 0.42 % against 0.40 % beside it: no difference shown; 12,400 requests; a doubling would have been seen
          verdict   inconclusive, by the steps before; nothing was compared at 25 %
          compared  13 errors in 3,100 requests of 1.4.2; 37 errors in 9,300 requests of 1.4.1 beside it
          range     version 1.4.2 erred 0.52 to 1.94 times as often as version 1.4.1, with a certainty of 99 %; that does not show it to be worse
          lacked    about 4,000 more requests to version 1.4.2
          met, but not for long enough: error rate worse than baseline
          not watched, for there was too little to judge: error rate > 5% for 10s
          no number of metric login_failures: no answer in 15s
        ");
    }

    #[test]
    fn the_range_says_itself_whether_it_shows_harm() {
        let view = sample::deployment("dep_01k0a");
        let part = &view.rollouts[&sample::service("auth")];
        let mut judgement = sample::judgement();
        let mut said = |low: f64, high: f64, evidence: f64| {
            (judgement.at_least, judgement.at_most) =
                (Measure::nearest(low), Measure::nearest(high));
            judgement.evidence = Measure::nearest(evidence);
            range((&judgement, false), part)
        };
        let (lowest, highest) = ENDS;
        insta::assert_snapshot!(said(lowest, highest, 0.0), @"how much more or less often version 1.4.2 errs is not known yet");
        insta::assert_snapshot!(said(lowest, 3.0, 0.0), @"version 1.4.2 errs at most 3.00 times as often as version 1.4.1, with a certainty of 99 %; it is shown to be worse once all of that is above 1");
        insta::assert_snapshot!(said(4.0, highest, 5.0), @"version 1.4.2 errs at least 4.00 times as often as version 1.4.1, with a certainty of 99 %; all of that is above 1: it is worse");
        insta::assert_snapshot!(said(0.9, 4.0, 5.0), @"version 1.4.2 errs 0.90 to 4.00 times as often as version 1.4.1, with a certainty of 99 %; what came in a part of that time shows that it is worse");
    }

    #[test]
    fn what_is_missing_is_told_of_the_version_that_has_to_get_it() {
        let mut judgement = sample::judgement();
        (judgement.verdict, judgement.more_requests) = (Verdict::Inconclusive, Some(3_371));
        let new = Version("4".to_owned());
        insta::assert_snapshot!(changes(&judgement, &new), @"with about 4,000 more requests to version 4");
    }

    #[test]
    fn what_was_compared_at_another_share_is_not_said_to_be_of_this_one() {
        let mut judgement = sample::judgement();
        let mut said = |share: u64, here: u64| {
            (judgement.share, judgement.here) = (Percent::new(share).unwrap(), here);
            verdict_words(&judgement, false)
        };
        insta::assert_snapshot!(said(25, 12_400), @"pass, by what was compared at 25 %");
        insta::assert_snapshot!(said(50, 400), @"pass; 400 of the requests came at 50 %");
        insta::assert_snapshot!(said(50, 0), @"pass, by the steps before; nothing is compared at 50 % yet");
        insta::assert_snapshot!(said(100, 0), @"pass, by the steps before; at 100 % nothing serves beside it");
    }
}
