//! What people say to a deployment that runs.

use futures_channel::oneshot;
use windlass_api::Problem;
use windlass_engine::deployment::{Accepted, Command, Event, Stepped, StuckOn, step};
use windlass_model::Fact;

use super::{Drive, answer};
use crate::because::{Signed, because_of};
use crate::holder::Holder;
use crate::saying::asked;
use crate::scorer::unmeasured;
use crate::{halts, problems};

/// Something that a person says.
pub(super) struct Word {
    pub(super) command: Command,
    pub(super) by: Signed,
    /// What it was judged by: refused if it is stuck on something else by now.
    pub(super) about: Option<StuckOn>,
}

type Reply = oneshot::Sender<Result<(), Problem>>;

impl Drive {
    /// The halt is gone: so is its hold, unless a person has made it theirs meanwhile.
    pub(super) fn lifted(&mut self) {
        let holder = self.driven.holder.borrow().clone();
        if let Some(holder) = holder.filter(Holder::is_halt) {
            let by = halts::lifter(&*self.border.brake).unwrap_or(holder.by);
            self.step(&Event::ResumeRequested { by }, None);
        }
    }

    pub(super) fn heard(&mut self, word: Word, reply: Reply) {
        let Word { command, by, about } = word;
        let is_halted = self.driven.is_halted();
        if let (Command::Resume, true, Some(halt)) =
            (command, is_halted, self.border.brake.halted())
        {
            let now = self.border.clock.calendar_us();
            return answer(reply, Err(halts::refused(&halt, now)));
        }
        let accepted = self.ahead.accepts(command);
        if matches!(command, Command::Abort | Command::Supersede) {
            // Of one that has come to its end there is only the last measurement to stop.
            self.step(&unmeasured(self.border.clock.calendar_us()), None);
        }
        let outcome = match accepted {
            // It stays held when the halt is lifted: the hold is this person's too.
            Accepted::NoChange if command == Command::Hold && is_halted => {
                return self.take_over_hold(by, reply);
            }
            Accepted::NoChange => return self.is_so_already(command, by, reply),
            Accepted::No(why) => Err(problems::not_in_state(&self.ahead, why)),
            Accepted::Yes if about.is_some_and(|about| about != self.ahead.stuck_on()) => {
                Err(problems::stuck_anew(&self.ahead))
            }
            Accepted::Yes => {
                let (by, because) = by.parts();
                let event = asked(command, by);
                let stepped = because_of(because, step(self.ahead.clone(), &event));
                return self.record(&event, stepped, Some(reply));
            }
        };
        answer(reply, outcome);
    }

    /// Why somebody wanted what is so already is kept all the same: once from each, and not without end.
    fn is_so_already(&mut self, command: Command, by: Signed, reply: Reply) {
        let (by, Some(because)) = by.parts() else {
            return answer(reply, Ok(()));
        };
        let said = asked(command, by);
        if self.beside.has(&said, &because) {
            return answer(reply, Ok(()));
        }
        if self.beside.is_full() {
            return answer(reply, Err(problems::no_more_reasons(&self.ahead.id)));
        }
        self.beside.keep(&said, &because);
        self.note(&said, vec![because], reply);
    }

    fn take_over_hold(&mut self, by: Signed, reply: Reply) {
        let (by, because) = by.parts();
        let held = Fact::Held { by: by.clone() };
        let facts = std::iter::once(held).chain(because).collect();
        self.note(&asked(Command::Hold, by), facts, reply);
    }

    /// Writes down what is told of a word that changes nothing.
    fn note(&mut self, event: &Event, facts: Vec<Fact>, reply: Reply) {
        let stepped = Stepped {
            deployment: self.ahead.clone(),
            actions: Vec::new(),
            facts,
        };
        self.record(event, stepped, Some(reply));
    }
}
