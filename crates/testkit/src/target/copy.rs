//! One started instance.

use windlass_control::Restart;
use windlass_edge::{AlikeEnds, InstanceState, PastEnds, StartCommand, StartInstance};
use windlass_model::{CommandState, Epoch, InstanceEnd, Millis, ONCE_MORE_WITHIN_US};

use super::script::Script;

/// Time from an end to the next start.
const BACK_OFF: Millis = Millis::from_millis(500);

/// The number of SIGTERM.
const TERM: i32 = 15;

/// The number of SIGKILL.
const KILL: i32 = 9;

/// One started instance: its state follows from its script and the time.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) request: StartInstance,
    pub(super) epoch: Epoch,
    pub(super) restart: Restart,
    script: Script,
    born: Millis,
    restarts: u32,
    life: Life,
    /// When its stop signal takes effect, and the signal that does it.
    stop_at: Option<(Millis, i32)>,
    ended_by_itself: bool,
    last_ready: Option<Millis>,
    /// Since when the same one keeps it: who that is.
    kept_since: Millis,
    /// How it ended by itself under it, and when.
    ends: Vec<(InstanceEnd, Millis)>,
    /// How often it was asked for its `status`.
    asked: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Life {
    Running,
    BackingOff { until: Millis },
    Ended(InstanceEnd),
}

impl Copy {
    pub(super) fn new(request: StartInstance, script: Script, epoch: Epoch, now: Millis) -> Self {
        Self {
            restart: request.restart,
            request,
            epoch,
            script,
            born: now,
            restarts: 0,
            life: Life::Running,
            stop_at: None,
            ended_by_itself: false,
            last_ready: None,
            kept_since: now,
            ends: Vec::new(),
            asked: 0,
        }
    }

    /// How it has ended by itself; `calendar` says when that was.
    pub(super) fn ends(&self, calendar: impl Fn(Millis) -> i64) -> PastEnds {
        let mut alike: Vec<AlikeEnds> = Vec::new();
        for (end, at) in &self.ends {
            let at_us = calendar(*at);
            let is_one_more =
                |it: &AlikeEnds| it.end == *end && at_us - it.last_us <= ONCE_MORE_WITHIN_US;
            let known = alike.iter().rposition(is_one_more);
            let known = known.map(|place| alike.remove(place));
            let (first_us, before) = known.map_or((at_us, 0), |it| (it.first_us, it.count));
            alike.push(AlikeEnds {
                end: end.clone(),
                first_us,
                last_us: at_us,
                count: before + 1,
            });
        }
        PastEnds {
            keeper: self.kept_since.to_string(),
            ends: alike,
        }
    }

    /// The same instance, started again after it has ended: an end of its own does not come twice.
    pub(super) fn revived(&self, fresh: Self) -> Self {
        // Another run of a command is another run.
        if fresh.request.command.is_some() {
            return fresh;
        }
        Self {
            ended_by_itself: self.ended_by_itself,
            script: self.script.clone(),
            ..fresh
        }
    }

    /// Lets everything happen that was due by `now`.
    pub(super) fn advance(&mut self, now: Millis) {
        while let Some(at) = self.due().filter(|at| *at <= now) {
            self.note_ready(at);
            let stopped = self.stop_at.filter(|(stop, _)| *stop <= at);
            match (&self.life, stopped) {
                (Life::Running | Life::BackingOff { .. }, Some((_, signal))) => {
                    self.life = Life::Ended(InstanceEnd::Killed(signal));
                }
                (Life::Running, None) => {
                    let end = self.script.ends.as_ref().map(|end| end.end.clone());
                    self.ended_by_itself = true;
                    self.end(end.unwrap_or(InstanceEnd::Unknown), at);
                }
                (Life::BackingOff { .. }, None) => {
                    self.life = Life::Running;
                    self.born = at;
                    self.restarts += 1;
                }
                (Life::Ended(_), _) => return,
            }
        }
        self.note_ready(now);
    }

    fn end(&mut self, end: InstanceEnd, at: Millis) {
        if self.stop_at.is_none() {
            self.ends.push((end.clone(), at));
        }
        self.life = match self.restart {
            Restart::BackOff if self.stop_at.is_none() => Life::BackingOff {
                until: at.plus(BACK_OFF),
            },
            Restart::BackOff | Restart::Never => Life::Ended(end),
        };
    }

    /// The next time at which something happens by itself.
    fn due(&self) -> Option<Millis> {
        let own = match &self.life {
            Life::Running => {
                let end = self.script.ends.as_ref().filter(|_| !self.ended_by_itself);
                end.map(|end| self.born.plus(end.after))
            }
            Life::BackingOff { until } => Some(*until),
            Life::Ended(_) => return None,
        };
        let stop = self.stop_at.map(|(at, _)| at);
        own.into_iter().chain(stop).min()
    }

    /// The next time after `now` at which its state changes.
    pub(super) fn next_change(&self, now: Millis) -> Option<Millis> {
        let listens = self.born.plus(self.script.listens_after);
        let listens = (self.life == Life::Running && listens > now).then_some(listens);
        self.due().into_iter().chain(listens).min()
    }

    fn listens(&self, now: Millis) -> bool {
        self.life == Life::Running && now >= self.born.plus(self.script.listens_after)
    }

    /// Whether its socket listens.
    pub(super) fn is_listening(&self, now: Millis) -> bool {
        self.listens(now)
    }

    /// Whether it answers well.
    pub(super) fn is_ready(&self, now: Millis) -> bool {
        let Some(from) = self.script.ready_after.map(|after| self.born.plus(after)) else {
            return false;
        };
        self.listens(now) && now >= from && !self.is_in_bad_time(now)
    }

    /// Bad answers belong to its first life.
    fn is_in_bad_time(&self, now: Millis) -> bool {
        let Some(unready) = self.script.unready.filter(|_| self.restarts == 0) else {
            return false;
        };
        let from = self.born.plus(unready.after);
        now >= from && unready.lasts.is_none_or(|lasts| now < from.plus(lasts))
    }

    /// Notes the last time at or before `now` at which it was ready.
    fn note_ready(&mut self, now: Millis) {
        let just_before = now.less(Millis::from_millis(1));
        if self.is_ready(now) {
            self.last_ready = Some(now);
        } else if self.is_ready(just_before) {
            self.last_ready = Some(just_before);
        } else if let (Life::Running, Some(unready)) = (&self.life, self.script.unready) {
            let last = self.born.plus(unready.after).less(Millis::from_millis(1));
            if last <= now && self.is_ready(last) {
                self.last_ready = self.last_ready.max(Some(last));
            }
        }
    }

    /// The last time it was known to be ready.
    pub(super) fn last_ready(&self) -> Option<Millis> {
        self.last_ready
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.life, Life::Ended(_))
    }

    /// Whether it is this run of a command.
    pub(super) fn is_run_of(&self, command: Option<&StartCommand>) -> bool {
        command.is_some_and(|command| self.request.command.as_ref() == Some(command))
    }

    /// What its `status` says, asked once more.
    pub(super) fn status(&mut self) -> CommandState {
        self.asked = self.asked.saturating_add(1);
        if self.asked <= self.script.unclear_first {
            return CommandState::Unclear("`status` printed \"?\"".to_owned());
        }
        self.script.status.clone()
    }

    /// How long it takes to say that.
    pub(super) fn status_takes(&self) -> Millis {
        self.script.status_takes
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop_at.is_some()
    }

    /// Sends the stop signal.
    pub(super) fn stop(&mut self, now: Millis) {
        let within = self.request.spec.process.stop.within;
        self.stop_at = Some(if self.script.ignores_stop_for <= within {
            (now.plus(self.script.ignores_stop_for), TERM)
        } else {
            (now.plus(within), KILL)
        });
    }

    /// The time that it had and did not use, if it was killed for that.
    pub(super) fn killed_after(&self) -> Option<Millis> {
        let killed = self.stop_at.is_some_and(|(_, by)| by == KILL);
        killed.then_some(self.request.spec.process.stop.within)
    }

    /// Nobody keeps it any more, and it is gone.
    pub(super) fn lose(&mut self, now: Millis) {
        self.advance(now);
        if !self.has_ended() {
            self.life = Life::Ended(InstanceEnd::Unknown);
        }
    }

    /// Ends it from outside.
    pub(super) fn kill(&mut self, now: Millis) {
        self.advance(now);
        if self.life == Life::Running {
            self.end(InstanceEnd::Killed(KILL), now);
        }
    }

    pub(super) fn state(&self, now: Millis) -> InstanceState {
        match &self.life {
            Life::Running | Life::BackingOff { .. } => {
                let listening = self.listens(now);
                InstanceState::Running {
                    listening,
                    restarts: self.restarts,
                }
            }
            Life::Ended(end) => InstanceState::Ended(end.clone()),
        }
    }
}
