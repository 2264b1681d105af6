//! The loop: what happens to the group, and who is told.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::getpid;
use windlass_control::{
    GroupEnd, Restart, ShimRefusal, ShimReply, ShimRequest, ShimSpec, ShimState, ShimStatus,
};
use windlass_kept::{Digests, compare, trust};
use windlass_model::Epoch;

use crate::connection::Peers;
use crate::ends::{self, now_us};
use crate::group::{self, Leader, Reaped};
use crate::logs::Logs;
use crate::run::ShimError;
use crate::signals::Signals;
use crate::{proc, status};

/// Wait before the first restart; doubles with each further one.
const BACK_OFF_FIRST: Duration = Duration::from_millis(200);

/// Longest wait before a restart.
const BACK_OFF_MOST: Duration = Duration::from_secs(30);

/// A group that lived so long has earned the first wait again.
const PROVEN_AFTER: Duration = Duration::from_mins(1);

/// Wait between two rounds of killing; doubles, so that what can't be killed costs little.
const KILL_AGAIN_FIRST: Duration = Duration::from_millis(5);

/// Longest wait between two rounds of killing.
const KILL_AGAIN_MOST: Duration = Duration::from_millis(500);

/// Most lines of trouble in the shim's own log: trouble with files comes every second.
const MOST_COMPLAINTS: u32 = 200;

/// How long the last answers may take to be read.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the group does.
#[derive(Debug)]
enum Phase {
    /// Its leader lives.
    Running { leader: Leader, since: Instant },
    /// Its leader ended; descendants are being ended, unless they are to live on.
    Ending {
        leader: Leader,
        end: GroupEnd,
        lived: Duration,
    },
    /// Nothing lives; it is started again.
    BackingOff { end: GroupEnd, until: Instant },
    /// Nothing lives, and it stays so.
    Ended { end: GroupEnd },
}

/// Repeated killing of whatever is left.
#[derive(Clone, Copy, Debug)]
struct Killing {
    next: Instant,
    wait: Duration,
}

/// One group, its files and its peers.
pub(crate) struct Keeper {
    folder: PathBuf,
    spec: ShimSpec,
    signals: Signals,
    logs: Logs,
    peers: Peers,
    phase: Phase,
    killing: Option<Killing>,
    /// Set once a stop was asked for: when the patience ends.
    stop_by: Option<Instant>,
    back_off: Duration,
    complaints: Cell<u32>,
    digests: Digests,
    status: ShimStatus,
}

impl Keeper {
    /// Opens everything and starts the group.
    pub(crate) fn new(folder: PathBuf, spec: ShimSpec) -> Result<Self, ShimError> {
        let signals = Signals::catch().map_err(ShimError::Role)?;
        let logs = Logs::open(&folder).map_err(|source| ShimError::Folder {
            path: folder.clone(),
            source,
        })?;
        let peers = Peers::listen(&spec.socket).map_err(|source| ShimError::Listen {
            path: spec.socket.clone(),
            source,
        })?;
        let own = getpid().as_raw_nonzero().get();
        let end = GroupEnd::NotStarted("its start was interrupted".to_owned());
        let status = ShimStatus {
            instance: spec.instance.clone(),
            state: ShimState::BackingOff {
                end: end.clone(),
                wait_ms: 0,
            },
            restarts: 0,
            restart: spec.restart,
            epoch: spec.epoch,
            boot_id: proc::boot_id(),
            shim: (own, proc::stat(own).map_or(0, |stat| stat.start_time)),
            ends: Vec::new(),
            killed: false,
        };
        let until = Instant::now();
        let mut keeper = Self {
            folder,
            spec,
            signals,
            logs,
            peers,
            phase: Phase::BackingOff { end, until },
            killing: None,
            stop_by: None,
            back_off: BACK_OFF_FIRST,
            complaints: Cell::new(0),
            digests: Digests::default(),
            status,
        };
        // On disk before the group exists: whoever finds this shim killed knows where to look.
        keeper.write_status();
        keeper.start();
        keeper.announce();
        Ok(keeper)
    }

    /// Works until a stop is done.
    pub(crate) fn keep(mut self) -> Result<(), ShimError> {
        loop {
            let now = Instant::now();
            self.advance(now);
            if self.is_over() {
                self.farewell();
                return Ok(());
            }
            self.peers.sweep(now);
            self.wait(self.next_deadline(now))?;
            self.signals.drain();
            if self.signals.take_terminate() {
                self.stop();
            }
            self.serve();
        }
    }

    /// Brings the group's phase up to the present.
    fn advance(&mut self, now: Instant) {
        if let Err(problem) = self.logs.check(now) {
            self.complain("the output files", &problem);
        }
        let leader = match self.phase {
            Phase::Running { leader, .. } => Some(leader),
            Phase::Ending { .. } | Phase::BackingOff { .. } | Phase::Ended { .. } => None,
        };
        let reaped = group::reap(leader);
        self.note_leader(&reaped, now);
        match &self.phase {
            Phase::Running { .. } if self.stop_by.is_some_and(|by| by <= now) => self.kill(now),
            Phase::Running { .. } => {}
            Phase::Ending { .. } if reaped.childless => self.settle(now),
            Phase::Ending { end, .. } if self.spec.leaves && *end == GroupEnd::Exited(0) => {
                self.settle(now);
            }
            Phase::Ending { leader, end, .. } => {
                // Members of a group that was asked have heard the signal and may use the time they
                // were given; nobody else will end by waiting.
                let asked = matches!(end, GroupEnd::Stopped);
                let patient = asked && self.stop_by.is_some_and(|by| by > now);
                if !(patient && group::group_lives(*leader)) {
                    self.kill(now);
                }
            }
            Phase::BackingOff { end, .. } if self.gives_up() => {
                self.phase = Phase::Ended { end: end.clone() };
                self.announce();
            }
            Phase::BackingOff { until, .. } if *until <= now => {
                self.status.restarts = self.status.restarts.saturating_add(1);
                self.start();
                self.announce();
            }
            Phase::BackingOff { .. } | Phase::Ended { .. } => {}
        }
    }

    fn gives_up(&self) -> bool {
        self.stop_by.is_some() || self.status.restart == Restart::Never
    }

    fn note_leader(&mut self, reaped: &Reaped, now: Instant) {
        let (Phase::Running { leader, since }, Some(end)) = (&self.phase, &reaped.leader) else {
            return;
        };
        let end = match self.stop_by {
            Some(_) => GroupEnd::Stopped,
            None => end.clone(),
        };
        self.phase = Phase::Ending {
            leader: *leader,
            end,
            lived: now.duration_since(*since),
        };
        self.killing = None;
    }

    /// Starts the group.
    fn start(&mut self) {
        let now = Instant::now();
        if let Some(damage) = self.damage() {
            self.rest(GroupEnd::NotStarted(damage), now);
            return;
        }
        match group::start(&self.spec, &self.logs) {
            Ok(leader) => self.phase = Phase::Running { leader, since: now },
            Err(problem) => {
                let end = GroupEnd::NotStarted(problem.to_string());
                self.rest(end, now);
            }
        }
    }

    /// What of its release is not as it was kept. Whoever had it started the first time has just compared it.
    fn damage(&self) -> Option<String> {
        let release = self.spec.kept.as_ref()?;
        if self.status.restarts == 0 {
            trust(release, &self.digests);
            return None;
        }
        let unlike = compare(release, &self.digests);
        let first = unlike.first()?;
        Some(format!(
            "what is kept of its release is damaged: {first}; windlass deploy keeps it anew where the folder of \
             the file has the same bytes"
        ))
    }

    /// After a group's end, when nothing of it is left.
    fn settle(&mut self, now: Instant) {
        let Phase::Ending { end, lived, .. } = &self.phase else {
            return;
        };
        if *lived >= PROVEN_AFTER {
            self.back_off = BACK_OFF_FIRST;
        }
        let end = end.clone();
        self.killing = None;
        self.rest(end, now);
        self.announce();
    }

    fn rest(&mut self, end: GroupEnd, now: Instant) {
        if self.stop_by.is_none() {
            // For whoever asks later: a start may come before anybody has looked.
            ends::note(&mut self.status.ends, &end, now_us());
        }
        self.phase = if self.gives_up() {
            Phase::Ended { end }
        } else {
            let until = now + self.back_off;
            self.back_off = (self.back_off * 2).min(BACK_OFF_MOST);
            Phase::BackingOff { end, until }
        };
    }

    fn kill(&mut self, now: Instant) {
        let wait = match self.killing {
            Some(killing) if killing.next > now => return,
            Some(killing) => (killing.wait * 2).min(KILL_AGAIN_MOST),
            None => KILL_AGAIN_FIRST,
        };
        self.status.killed |= self.stop_by.is_some_and(|by| by <= now);
        group::kill_descendants();
        let next = now + wait;
        self.killing = Some(Killing { next, wait });
    }

    /// Asks the group to end; a second time changes nothing.
    fn stop(&mut self) {
        if self.stop_by.is_some() {
            return;
        }
        self.stop_by = Some(Instant::now() + self.spec.stop.within.duration());
        if let Phase::Running { leader, .. } = self.phase {
            group::ask(leader, &self.spec.stop.signal);
        }
    }

    fn is_over(&self) -> bool {
        self.stop_by.is_some() && matches!(self.phase, Phase::Ended { .. })
    }

    /// Takes in and answers requests.
    fn serve(&mut self) {
        self.peers.accept();
        for place in 0..self.peers.connections.len() {
            let Some(connection) = self.peers.connections.get_mut(place) else {
                continue;
            };
            connection.flush();
            for request in connection.read() {
                self.answer(place, &request);
            }
        }
    }

    fn answer(&mut self, place: usize, request: &ShimRequest) {
        let reply = match request {
            ShimRequest::Status | ShimRequest::Watch => {
                Some(ShimReply::Status(self.status.clone()))
            }
            ShimRequest::Keep { epoch, .. } | ShimRequest::Stop { epoch }
                if *epoch < self.status.epoch =>
            {
                let newer = ShimRefusal::OldEpoch(self.status.epoch);
                Some(ShimReply::Refused(newer))
            }
            ShimRequest::Keep { epoch, restart } => {
                self.change(*epoch, *restart);
                self.hurry();
                Some(ShimReply::Done)
            }
            ShimRequest::Stop { epoch } => {
                self.change(*epoch, self.status.restart);
                self.stop();
                None
            }
        };
        let Some(connection) = self.peers.connections.get_mut(place) else {
            return;
        };
        match reply {
            Some(reply) => connection.reply(&reply),
            None => connection.awaits_end = true,
        }
        connection.watches |= matches!(request, ShimRequest::Watch);
    }

    /// What waits for its next start has it now: why it ended may be mended.
    fn hurry(&mut self) {
        if let Phase::BackingOff { until, .. } = &mut self.phase {
            *until = Instant::now();
            self.back_off = BACK_OFF_FIRST;
        }
    }

    fn change(&mut self, epoch: Epoch, restart: Restart) {
        if (epoch, restart) != (self.status.epoch, self.status.restart) {
            self.status.epoch = epoch;
            self.status.restart = restart;
            self.announce();
        }
    }

    /// Brings the status up to the phase, writes it and tells the watchers.
    fn announce(&mut self) {
        self.status.state = match &self.phase {
            Phase::Running { leader, .. } | Phase::Ending { leader, .. } => ShimState::Running {
                pid: leader.pid.as_raw_nonzero().get(),
                start_time: leader.start_time,
            },
            Phase::BackingOff { end, until } => {
                let wait = until.saturating_duration_since(Instant::now());
                ShimState::BackingOff {
                    end: end.clone(),
                    wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                }
            }
            Phase::Ended { end } => ShimState::Ended { end: end.clone() },
        };
        self.write_status();
        self.peers.tell(&ShimReply::Status(self.status.clone()));
    }

    fn write_status(&self) {
        // A full disk: the status is still told to whoever asks.
        if let Err(problem) = status::write(&self.folder, &self.status) {
            self.complain("status.json", &problem);
        }
    }

    /// Tells it in the shim's standard error, a file in the instance's folder. On a full disk that
    /// fails as well, and the instance is kept all the same.
    fn complain(&self, what: &str, problem: &io::Error) {
        let complaints = self.complaints.get();
        if complaints < MOST_COMPLAINTS {
            self.complaints.set(complaints + 1);
            let line = format!("{}: {what}: {problem}\n", self.spec.instance);
            let _untold = io::stderr().write_all(line.as_bytes()).is_err();
        }
    }

    /// The last answers, after the socket is gone so that nobody comes any more.
    fn farewell(mut self) {
        if let Err(problem) = self.logs.close() {
            self.complain("the output files", &problem);
        }
        if let Err(problem) = std::fs::remove_file(&self.spec.socket) {
            self.complain("its socket", &problem);
        }
        for connection in &mut self.peers.connections {
            if connection.awaits_end {
                connection.reply(&ShimReply::Done);
            }
        }
        let by = Instant::now() + FAREWELL;
        while Instant::now() < by && self.peers.owes() {
            if self.wait(by).is_err() {
                return;
            }
            for connection in &mut self.peers.connections {
                connection.flush();
            }
        }
    }

    fn next_deadline(&self, now: Instant) -> Instant {
        let own = match &self.phase {
            Phase::BackingOff { until, .. } => Some(*until),
            Phase::Running { .. } | Phase::Ending { .. } | Phase::Ended { .. } => None,
        };
        let killing = self.killing.map(|killing| killing.next);
        let stop = self.stop_by.filter(|by| *by > now);
        [own, killing, stop, self.peers.next_idle()]
            .into_iter()
            .flatten()
            .fold(self.logs.next_check(), Instant::min)
    }

    /// Waits for a signal, a peer, or the deadline.
    fn wait(&self, deadline: Instant) -> Result<(), ShimError> {
        let mut sources = vec![
            PollFd::new(self.signals.pipe(), PollFlags::IN),
            PollFd::new(self.peers.listener(), PollFlags::IN),
        ];
        for connection in &self.peers.connections {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, connection.wants_read());
            flags.set(PollFlags::OUT, connection.wants_write());
            sources.push(PollFd::new(connection.stream(), flags));
        }
        let wait = deadline.saturating_duration_since(Instant::now());
        let wait = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        match poll(&mut sources, Some(&wait)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(other) => Err(ShimError::Wait(other.into())),
        }
    }
}
