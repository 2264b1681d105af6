//! One candidate, from its deployment to its end.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use windlass_load::{ChainCounts, Load, LoadPlan};

use crate::bench::interrupt;
use crate::bench::lab::{Lab, free_addresses};
use crate::bench::registry::Product;
use crate::e2e::application;
use crate::e2e::candidate::Candidate;

/// Connections of the load at a time: every answer takes a while.
const CONNECTIONS: usize = 256;
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Answers before the first candidate: as many as thresholds are taken from, and some more.
const KNOWN: u64 = 2_000;

/// Longest time of one deployment.
const WITHIN: Duration = Duration::from_mins(8);

/// Time between two looks at it; a detection time is no more exact.
const LOOK: Duration = Duration::from_millis(100);

/// An installation under load, in which a good version serves.
pub(crate) struct Bed {
    lab: Lab,
    listen: SocketAddr,
    load: Load,
    begun: Instant,
    rate: u32,
    deployed: u32,
}

/// What came of one candidate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Played {
    /// `promoted`, `rolled_back` and the like; `held` where it waited for a person, and was aborted then.
    pub(crate) outcome: String,
    /// Why it went back or was held, as `show` says it; empty where it was promoted.
    pub(crate) reason: String,
    /// The share at which it was judged last, in percent.
    pub(crate) judged_at: Option<u64>,
    /// From its first bad answer, or its first one where none was bad, until it went back.
    pub(crate) detected_ms: u64,
    /// Answers of the candidate until then.
    pub(crate) requests: u64,
}

/// One entry of `list -o json`, as far as it is needed.
#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    state: String,
    outcome: Option<String>,
}

impl Bed {
    /// Deploys a good version, and lets `rate` requests come in a second.
    pub(crate) fn make(product: &Product, rate: u32) -> anyhow::Result<Self> {
        let [listen] = free_addresses()?;
        let lab = Lab::make(product, &application::text(listen, &Candidate::good()))?;
        lab.windlass(&["deploy", "--quiet", "--set", "web=v0"])
            .context("deploy what is compared with")?;
        let plan = LoadPlan {
            target: listen,
            path: "/".to_owned(),
            per_second: rate,
            connections: CONNECTIONS,
            fresh_every: None,
            timeout: ANSWER_WITHIN,
        };
        let begun = Instant::now();
        let load = windlass_load::start(plan).context("start the load")?;
        let bed = Self {
            lab,
            listen,
            load,
            begun,
            rate,
            deployed: 0,
        };
        bed.until_known()?;
        Ok(bed)
    }

    fn until_known(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.load.snapshot().answered < KNOWN {
            interrupt::check()?;
            anyhow::ensure!(begun.elapsed() < WITHIN, "nothing answers");
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Deploys a bad one.
    pub(crate) fn bad(&mut self, candidate: Candidate) -> anyhow::Result<Played> {
        self.one(&candidate.options(self.rate))
    }

    /// Deploys a good one.
    pub(crate) fn healthy(&mut self) -> anyhow::Result<Played> {
        self.one(&Candidate::good())
    }

    /// Ends all of it; requests that were answered in a second.
    pub(crate) fn end(self) -> anyhow::Result<f64> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let seen = self.load.stop();
        self.lab.down()?;
        Ok(crate::bench::timing::count(seen.answered) / seconds)
    }

    fn one(&mut self, options: &str) -> anyhow::Result<Played> {
        self.deployed += 1;
        let set = format!("web=v{}", self.deployed);
        self.lab.rewrite(&application::text(self.listen, options))?;
        self.lab
            .windlass(&["deploy", "--quiet", "--detach", "--set", &set])?;
        let begun = Instant::now();
        let mut decided = None;
        let mut held = None;
        let ended = loop {
            interrupt::check()?;
            anyhow::ensure!(begun.elapsed() < WITHIN, "{set} has no end in {WITHIN:?}");
            let now = self.newest()?;
            let is_forward = now.state == "running";
            if !is_forward && decided.is_none() {
                decided = Some((self.since_begun(), self.of(&set)));
            }
            if now.state == "held" && held.is_none() {
                held = Some(self.held(&now.id)?);
                self.lab.windlass(&["abort", &now.id])?;
            }
            if now.outcome.is_some() {
                break now;
            }
            thread::sleep(LOOK);
        };
        let (at_ms, seen) = decided.unwrap_or_default();
        let first = seen.first_bad_ms.unwrap_or(seen.first_ms);
        let (outcome, reason) = match held {
            Some(why) => ("held", why),
            None => (
                ended.outcome.as_deref().unwrap_or_default(),
                self.reason(&ended.id)?,
            ),
        };
        Ok(Played {
            outcome: outcome.to_owned(),
            reason,
            judged_at: self.judged_at(&ended.id)?,
            detected_ms: at_ms.saturating_sub(first),
            requests: seen.total(),
        })
    }

    fn since_begun(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn of(&self, chain: &str) -> ChainCounts {
        let seen = self.load.snapshot();
        seen.by_chain.get(chain).cloned().unwrap_or_default()
    }

    fn newest(&self) -> anyhow::Result<Listed> {
        let text = self.lab.windlass(&["list", "--limit", "1", "-o", "json"])?;
        let listed: Vec<Listed> =
            serde_json::from_str(&text.out).context("read the deployments")?;
        listed.into_iter().next().context("no deployment is listed")
    }

    /// The line of `show --why` that says why it went back; empty where it did not.
    fn reason(&self, id: &str) -> anyhow::Result<String> {
        let text = self.lab.windlass(&["show", id, "--why"])?.out;
        let mut lines = text.lines().map(str::trim);
        let back = lines.find(|line| line.starts_with("went back"));
        let why = back.and_then(|line| line.split_once(": ").map(|(_, why)| why));
        Ok(why.unwrap_or_default().to_owned())
    }

    /// All that `show --why` says of one that waits for a person, in one line.
    fn held(&self, id: &str) -> anyhow::Result<String> {
        let text = self.lab.windlass(&["show", id, "--why"])?.out;
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        Ok(lines.join(" "))
    }

    /// The share at which it was judged last.
    fn judged_at(&self, id: &str) -> anyhow::Result<Option<u64>> {
        let text = self.lab.windlass(&["show", id, "-o", "json"])?.out;
        let view: Value = serde_json::from_str(&text).context("read the deployment")?;
        let parts = view["services"].as_object().into_iter().flatten();
        let mut shares = parts.filter_map(|(_, part)| part["judgement"]["share"].as_u64());
        Ok(shares.next())
    }
}
