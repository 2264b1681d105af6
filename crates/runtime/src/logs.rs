//! What instances printed.

use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::SinkExt;
use windlass_api::{LogLine, Problem};
use windlass_edge::{ErrorKind, LogMark, LogRequest};
use windlass_engine::rollout::Rollout;
use windlass_model::{DeploymentId, Fact, Instance, Job, Millis, Report, ServiceName, Slot};

use crate::at::{LinesAt, ServiceAt};
use crate::controller::Shared;
use crate::handle::LogStream;
use crate::printed::Run;
use crate::{printed, problems};

/// Lines that may wait for a slow reader; reading waits with it.
const LINES_WAITING: usize = 256;

/// Time between two looks while following.
const LOOK: Millis = Millis::from_millis(200);

/// Longest line; a longer one is cut into several.
const LINE_LONGEST: usize = 64 * 1_024;

/// What stands at the end of one that is cut there; the rest is the next line.
const CUT: &str = " [cut at 64 KiB: goes on in the next line]";

/// Most bytes read at once per stream.
const READ_MOST: u64 = 1_024 * 1_024;

/// Most bytes of all streams that are read for one look: their lines wait for each other to be put in order.
const READ_TOGETHER: u64 = 16 * READ_MOST;

/// Most lines of each stream of all instances together that one look gives: a line may be empty, and still takes
/// room.
const LINES_TOGETHER: usize = 100_000;

/// Rows of the journal that are read at once.
const ROWS_MOST: u32 = 500;

/// Streams the lines of every instance of a service: of those that run, and of those that its last
/// deployment started and that are gone, so that a failed one can say why; or of those that are asked for.
pub(crate) async fn stream(
    shared: &Rc<Shared>,
    service: &ServiceAt,
    which: LinesAt,
) -> Result<LogStream, Problem> {
    let started = if which.deployment.is_some() || which.version.is_some() {
        printed::chosen(shared, service, &which).await?
    } else {
        printed::last(shared, service).await.into_iter().collect()
    };
    let is_empty = started.iter().all(|one| one.runs.is_empty());
    if is_empty && slots(shared, service).is_empty() {
        let known = shared.environment(&service.app, &service.environment);
        return Err(problems::unknown_service(
            &service.service,
            known.services.keys(),
        ));
    }
    let (sender, receiver) = mpsc::channel(LINES_WAITING);
    let mut reader = Reader {
        shared: Rc::clone(shared),
        service: service.clone(),
        out: sender,
        which,
        begun: false,
        open: Vec::new(),
        heard: Heard::default(),
    };
    let speaks = started.iter().find(|one| one.is_command);
    reader
        .heard
        .turn_to(speaks.map(|one| one.deployment.clone()));
    for run in started.into_iter().flat_map(|one| one.runs) {
        reader.add(run);
    }
    reader.find();
    if reader.open.is_empty()
        && let Some(wanted) = reader.which.instance.clone()
    {
        let why = "no instance of it that is there has an id that ends so";
        return Err(problems::no_log(&wanted, why, &[]));
    }
    shared.border.spawner.spawn(Box::pin(reader.run()));
    Ok(receiver)
}

fn slots(shared: &Rc<Shared>, at: &ServiceAt) -> Vec<Slot> {
    let environment = shared.environment(&at.app, &at.environment);
    let mut slots: Vec<Slot> = Vec::new();
    if let Some(state) = environment.services.get(&at.service) {
        slots.extend(state.slots().cloned());
    }
    let running = shared.running.borrow();
    if let Some(driven) = environment.lock.as_ref().and_then(|id| running.get(id))
        && let Some(rollout) = driven.now.borrow().rollouts.get(&at.service)
    {
        slots.push(rollout.candidate.clone());
    }
    slots
}

/// How far the reports of a command's runs are read.
#[derive(Default)]
struct Heard {
    deployment: Option<DeploymentId>,
    after: u64,
}

impl Heard {
    fn turn_to(&mut self, deployment: Option<DeploymentId>) {
        if deployment.is_some() && self.deployment != deployment {
            *self = Self {
                deployment,
                after: 0,
            };
        }
    }
}

/// How far one instance's output is read.
struct Open {
    instance: Instance,
    version: String,
    job: Option<Job>,
    stdout: Tail,
    stderr: Tail,
    /// Whether there is nothing to read of it.
    is_absent: bool,
}

#[derive(Default)]
struct Tail {
    next: Option<u64>,
    rest: Vec<u8>,
}

struct Reader {
    shared: Rc<Shared>,
    service: ServiceAt,
    out: mpsc::Sender<LogLine>,
    which: LinesAt,
    /// Whether the first look is over: what comes later is read from its beginning.
    begun: bool,
    open: Vec<Open>,
    heard: Heard,
}

impl Reader {
    async fn run(mut self) {
        let follow = self.which.follow;
        loop {
            self.find();
            let mut streams = self.read_all(!follow).await;
            streams.push(self.hear().await);
            for line in in_order(streams) {
                if self.out.send(line).await.is_err() {
                    return;
                }
            }
            if !follow || self.out.is_closed() {
                return;
            }
            self.begun = true;
            self.forget();
            self.shared.border.clock.sleep(LOOK).await;
        }
    }

    /// Instances that came since the last look.
    fn find(&mut self) {
        // What a deployment has started is known from its beginning.
        if self.which.deployment.is_some() {
            return;
        }
        for slot in slots(&self.shared, &self.service) {
            for instance in slot.instances {
                let job = slot.spec.command.as_ref().map(|_| Job::Deploy);
                let version = slot.release.version.to_string();
                self.add(Run {
                    instance,
                    version,
                    job,
                });
            }
        }
    }

    fn add(&mut self, run: Run) {
        let Run {
            instance,
            version,
            job,
        } = run;
        let id = instance.id.as_str();
        let ends_so = self
            .which
            .instance
            .as_ref()
            .is_none_or(|end| id.ends_with(&**end));
        let is_so = self
            .which
            .version
            .as_ref()
            .is_none_or(|wanted| version == *wanted);
        let is_new = self.open.iter().all(|open| open.instance.id != instance.id);
        if is_new && ends_so && is_so {
            let from = || Tail {
                next: self.begun.then_some(0),
                rest: Vec::new(),
            };
            self.open.push(Open {
                instance,
                version,
                job,
                stdout: from(),
                stderr: from(),
                is_absent: false,
            });
        }
    }

    /// What has left and whose log was dropped since is not asked for any more.
    fn forget(&mut self) {
        let now = slots(&self.shared, &self.service);
        let runs = |instance: &Instance| {
            let mut all = now.iter().flat_map(|slot| &slot.instances);
            all.any(|known| known.id == instance.id)
        };
        self.open
            .retain(|open| !open.is_absent || runs(&open.instance));
    }

    /// Lines that a command's runs have reported since the last look.
    async fn hear(&mut self) -> Vec<LogLine> {
        let at = &self.service;
        let lock = self.shared.environment(&at.app, &at.environment).lock;
        let runs = lock.filter(|id| {
            let running = self.shared.running.borrow();
            let driven = running.get(id);
            driven.is_some_and(|driven| {
                let now = driven.now.borrow();
                now.rollouts
                    .get(&at.service)
                    .is_some_and(Rollout::may_speak)
            })
        });
        self.heard.turn_to(runs);
        let mut lines = Vec::new();
        let (Some(id), Some(newest)) = (self.heard.deployment.clone(), self.open.last()) else {
            return lines;
        };
        let (instance, version) = (newest.instance.id.to_string(), newest.version.clone());
        loop {
            let store = &self.shared.border.store;
            let rows = store.entries(Some(&id), self.heard.after, ROWS_MOST).await;
            // Where the journal can't be read, what was printed can be shown all the same.
            let rows = rows.unwrap_or_default();
            let Some(last) = rows.last() else {
                return lines;
            };
            self.heard.after = last.sequence;
            for row in rows {
                let since = self.which.since_us;
                if since.is_some_and(|since| row.at_us < since) {
                    continue;
                }
                let texts = lines_of(&row.facts, &self.service.service).into_iter();
                lines.extend(texts.map(|text| LogLine {
                    instance: instance.clone(),
                    version: version.clone(),
                    job: None,
                    stream: "reported".to_owned(),
                    text,
                    end: row.sequence,
                    at_us: Some(row.at_us),
                }));
            }
        }
    }

    /// What all of them have printed since the last look.
    async fn read_all(&mut self, last: bool) -> Vec<Vec<LogLine>> {
        let mut streams = Vec::new();
        for at in 0..self.open.len() {
            streams.extend(self.read(at, last).await);
        }
        streams
    }

    /// What one instance has printed since the last look, each stream of it.
    async fn read(&mut self, at: usize, last: bool) -> Vec<Vec<LogLine>> {
        let lines_most = LINES_TOGETHER / self.open.len().max(1);
        let most =
            READ_MOST.min(READ_TOGETHER / u64::try_from(self.open.len()).unwrap_or(1).max(1));
        let Some(open) = self.open.get_mut(at) else {
            return Vec::new();
        };
        let request = LogRequest {
            instance: open.instance.id.clone(),
            stdout_from: open.stdout.next,
            stderr_from: open.stderr.next,
            tail: self.which.tail.min(most),
            masked: false,
        };
        // An instance that never started has no log: that is shown by the deployment, not here.
        let chunk = match self.shared.border.target.log(&request).await {
            Ok(chunk) => chunk,
            Err(error) => {
                open.is_absent = error.kind == ErrorKind::Rejected;
                return Vec::new();
            }
        };
        open.is_absent = false;
        open.stdout.next = Some(chunk.stdout_next);
        open.stderr.next = Some(chunk.stderr_next);
        // What is longer than it ever was noted has just come; where nothing was noted nobody knows.
        let is_known = self.begun || !chunk.marks.is_empty();
        let new = is_known.then(|| self.shared.border.clock.calendar_us());
        let mut streams = [
            (Stream::Out, &mut open.stdout, chunk.stdout),
            (Stream::Err, &mut open.stderr, chunk.stderr),
        ]
        .map(|(stream, tail, bytes)| {
            tail.rest.extend(bytes);
            let lines = tail.lines(last, lines_most).into_iter();
            let lines = lines.map(|(end, text)| LogLine {
                instance: open.instance.id.to_string(),
                version: open.version.clone(),
                job: open.job,
                stream: stream.name().to_owned(),
                text,
                end,
                at_us: stream.when(&chunk.marks, end).or(new),
            });
            lines.collect::<Vec<_>>()
        });
        if self.begun {
            return streams.into();
        }
        for stream in &mut streams {
            self.which.since(stream);
        }
        // How many are the last ones is a question to both together.
        match self.which.lines {
            Some(most) => vec![last_of(in_order(streams.into()), most)],
            None => streams.into(),
        }
    }
}

/// Lines of several streams, each in its order, as one: in the order of their times. What was printed at one
/// time stays together; lines of which nobody knows the time come first.
fn in_order(streams: Vec<Vec<LogLine>>) -> Vec<LogLine> {
    let timed = streams.into_iter().flat_map(|stream| {
        // A clock that was set back must not turn a program's own lines around.
        let mut latest = None;
        stream.into_iter().map(move |line| {
            latest = latest.max(line.at_us);
            (latest, line)
        })
    });
    let mut timed: Vec<(Option<i64>, LogLine)> = timed.collect();
    timed.sort_by_key(|(at_us, _)| *at_us);
    timed.into_iter().map(|(_, line)| line).collect()
}

fn last_of(mut lines: Vec<LogLine>, most: u64) -> Vec<LogLine> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    lines.drain(..lines.len().saturating_sub(most));
    lines
}

/// One of the two.
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

impl Stream {
    const fn name(self) -> &'static str {
        match self {
            Self::Out => "stdout",
            Self::Err => "stderr",
        }
    }

    /// When the stream was first seen to be so long.
    fn when(self, marks: &[LogMark], end: u64) -> Option<i64> {
        let size = |mark: &LogMark| match self {
            Self::Out => mark.stdout,
            Self::Err => mark.stderr,
        };
        let at = marks.partition_point(|mark| size(mark) < end);
        marks.get(at).map(|mark| mark.at_us)
    }
}

impl LinesAt {
    /// Leaves the lines that are new enough.
    fn since(&self, lines: &mut Vec<LogLine>) {
        if let Some(since) = self.since_us {
            lines.retain(|line| line.at_us.is_none_or(|at| at >= since));
        }
    }
}

fn lines_of(facts: &[Fact], of: &ServiceName) -> Vec<String> {
    let lines = facts.iter().filter_map(|fact| {
        let Fact::Reported {
            service,
            report: Report::Log(line),
        } = fact
        else {
            return None;
        };
        (service == of).then(|| line.clone())
    });
    lines.collect()
}

impl Tail {
    /// Whole lines, each with where it ends in the stream; with `last`, also the one that has no end
    /// yet. Of more than `most` the last ones.
    fn lines(&mut self, last: bool, most: usize) -> VecDeque<(u64, String)> {
        let mut lines = VecDeque::new();
        let mut left = self.rest.as_slice();
        loop {
            let end = left.iter().take(LINE_LONGEST + 1).position(|b| *b == b'\n');
            let take = match end {
                Some(end) => end + 1,
                None if left.len() > LINE_LONGEST => LINE_LONGEST,
                None if last && !left.is_empty() => left.len(),
                None => break,
            };
            let (line, rest) = left.split_at(take);
            left = rest;
            let text = String::from_utf8_lossy(line);
            let mut text = text.trim_end_matches(['\n', '\r']).to_owned();
            if end.is_none() && take == LINE_LONGEST {
                text.push_str(CUT);
            }
            let left = u64::try_from(left.len()).unwrap_or(u64::MAX);
            let end = self.next.unwrap_or_default().saturating_sub(left);
            if lines.len() >= most {
                lines.pop_front();
            }
            lines.push_back((end, text));
        }
        let taken = self.rest.len() - left.len();
        self.rest.drain(..taken);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(instance: &str, lines: &[(Option<i64>, &str)]) -> Vec<LogLine> {
        let lines = lines.iter().map(|(at_us, text)| LogLine {
            instance: instance.to_owned(),
            version: "1".to_owned(),
            job: None,
            stream: "stdout".to_owned(),
            text: (*text).to_owned(),
            end: 0,
            at_us: *at_us,
        });
        lines.collect()
    }

    fn texts(lines: Vec<LogLine>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn of_many_lines_the_last_are_given_and_what_has_no_end_waits() {
        let mut tail = Tail {
            next: Some(9),
            rest: b"a\n\nb\r\nc\nd".to_vec(),
        };
        let lines = tail.lines(false, 2);
        assert_eq!(lines, [(6, "b".to_owned()), (8, "c".to_owned())]);
        assert_eq!(tail.rest, b"d");
        assert_eq!(tail.lines(true, 2), [(9, "d".to_owned())]);
        tail.rest = vec![b'x'; LINE_LONGEST + 1];
        let lines = tail.lines(false, 2);
        let (line, mark) = lines[0].1.split_at(LINE_LONGEST);
        assert!(line.bytes().all(|byte| byte == b'x'));
        assert_eq!(mark, CUT, "a line without an end is cut, and shows it");
        assert_eq!(tail.rest, b"x");
    }

    #[test]
    fn lines_of_several_instances_come_in_the_order_of_their_times() {
        let one = stream("one", &[(Some(1), "a1"), (Some(3), "a2"), (Some(3), "a3")]);
        let other = stream(
            "other",
            &[(Some(2), "b1"), (Some(3), "b2"), (Some(4), "b3")],
        );
        let unknown = stream("old", &[(None, "c1"), (None, "c2")]);
        assert_eq!(
            texts(in_order(vec![one, other, unknown])),
            ["c1", "c2", "a1", "b1", "a2", "a3", "b2", "b3"]
        );
    }

    #[test]
    fn a_clock_that_was_set_back_turns_no_lines_of_a_stream_around() {
        let one = stream("one", &[(Some(9), "a1"), (Some(2), "a2")]);
        let other = stream("other", &[(Some(3), "b1")]);
        let lines = in_order(vec![one, other]);
        assert_eq!(texts(last_of(lines.clone(), 1)), ["a2"]);
        assert_eq!(texts(lines), ["b1", "a1", "a2"]);
    }
}
