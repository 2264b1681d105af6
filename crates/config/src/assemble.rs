//! Drafts without a problem into the specification, with what is the default where nothing is said.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use windlass_model::{
    Access, Acme, AppName, CommandSpec, EnvironmentName, Gate, Host, Listen, MetricQuery, Millis,
    OWN_NAMES, OnFailure, Probe, ProbeKind, ProcessSpec, Proxies, Rule, ScoreNeed, Secret,
    ServiceName, ServiceSpec, Speaks, Spec, Step, Stop, Strategy, Template, Tls, TlsFiles, Traffic,
    Who,
};

use crate::decode::{
    AcmeDraft, AnalysisDraft, CommandDraft, ConnectionsDraft, DetailedDraft, FileDraft,
    ListenDraft, MetricDraft, ProbeDraft, ProcessDraft, ProxiesDraft, Require, SecretDraft,
    ServiceDraft, StepDraft, StrategyDraft, TlsDraft, TrafficDraft, TriggersDraft, USUAL_DIRECTORY,
};
use crate::environment::View;
use crate::field::{At, Found};
use crate::load::CertificateAt;
use crate::reader::Reader;
use crate::score::{before, score, words};
use crate::tree::Span;

/// How long each step is watched unless the file says otherwise.
pub(crate) const BAKE: Millis = Millis::from_secs(30);
/// How long requests on an old slot may take to end unless the file says otherwise.
const DRAIN: Millis = Millis::from_secs(30);
/// How many instances may be starting at once unless the file says otherwise.
const PARALLEL: u16 = 8;
/// What counts as ready without `listen` and without a probe.
const ALIVE: Millis = Millis::from_secs(2);

/// How long one run of a command may take unless the file says otherwise.
const COMMAND_WITHIN: Millis = Millis::from_secs(600);

/// The specification of one environment. `versions` are those of `--set`.
pub(crate) fn spec(
    app: &AppName,
    file: &FileDraft,
    view: &View,
    versions: &BTreeMap<ServiceName, String>,
) -> Spec {
    let metrics = metrics_at(file, &view.name).map(|at| at.value);
    let service = |(name, draft): (&ServiceName, &std::rc::Rc<ServiceDraft>)| {
        let mut service = service(draft, versions.get(name));
        if let Some(listen) = &mut service.listen {
            listen.metrics = metrics;
        }
        (name.clone(), service)
    };
    let services = view.services.iter().map(service).collect();
    Spec {
        app: app.clone(),
        environment: view.name.clone(),
        on_failure: file.on_failure.good().copied().unwrap_or(OnFailure::All),
        parallel: file.parallel.good().copied().unwrap_or(PARALLEL),
        finalize: file.finalize.good().copied().unwrap_or_default(),
        score: score(file, &services),
        before: before(file, &view.name),
        services,
    }
}

/// Where the router of an environment tells its figures.
pub(crate) fn metrics_at<'f>(
    file: &'f FileDraft,
    environment: &EnvironmentName,
) -> Option<&'f At<SocketAddr>> {
    let named = file.environments.good().into_iter().flatten();
    let mut own = named.filter(|(name, _)| name.value == *environment);
    let own = own.find_map(|(_, draft)| draft.value.router.good());
    own.or(file.router.good())?.metrics.at()
}

fn service(draft: &ServiceDraft, set: Option<&String>) -> ServiceSpec {
    let bake = draft.bake.good().copied().unwrap_or(BAKE);
    let written = draft
        .release
        .good()
        .and_then(|release| release.version.good());
    let target = draft.target.good();
    let process = target.and_then(|target| target.process.good());
    let command = target.and_then(|target| target.command.good());
    let process = match (command, process) {
        (Some(command), _) => command_process(command),
        (None, Some(process)) => process_spec(process),
        (None, None) => process_spec(&ProcessDraft::default()),
    };
    ServiceSpec {
        needs: values(draft.needs.good()).cloned().collect(),
        version: set.or(written).cloned(),
        process,
        command: command.map(command_spec),
        listen: draft.listen.good().and_then(listen),
        speaks: speaks(draft),
        ready: command.map_or_else(|| probe(draft), command_probe),
        detailed: detailed(draft),
        strategy: draft
            .strategy
            .good()
            .map_or(Strategy::BlueGreen, |draft| strategy(draft, bake)),
        traffic: Box::new(Traffic {
            sticky: draft.sticky.good().cloned(),
            ..draft
                .traffic
                .good()
                .map(TrafficDraft::policy)
                .unwrap_or_default()
        }),
        overlap: draft.overlap.good().copied().unwrap_or_default(),
        bake,
        drain: draft.drain.good().copied().unwrap_or(DRAIN),
        rollback_on: draft
            .rollback_on
            .good()
            .map_or_else(Rule::defaults, TriggersDraft::rules),
        metrics: metrics(draft),
        analysis: draft.analysis.good().and_then(gate),
        rollback_within: draft
            .rollback_within
            .good()
            .copied()
            .unwrap_or(ServiceSpec::ROLLBACK_WITHIN),
        was: draft.was.good().cloned(),
    }
}

fn metrics(draft: &ServiceDraft) -> BTreeMap<String, MetricQuery> {
    let metric = |draft: &MetricDraft| {
        Some(MetricQuery {
            prometheus: draft.prometheus.good()?.clone(),
            access: access(draft),
            query: draft.query.good()?.clone(),
            every: draft.every.good().copied().unwrap_or(MetricQuery::EVERY),
        })
    };
    let named = draft.metrics.good().into_iter().flatten();
    named
        .filter_map(|(name, draft)| Some((name.value.clone(), metric(&draft.value)?)))
        .collect()
}

/// Who asks for a metric, and whom to trust.
fn access(draft: &MetricDraft) -> Access {
    let bearer = || Some(Who::Bearer(draft.token.good().and_then(secret)?));
    let basic = || {
        let basic = draft.basic.good()?;
        Some(Who::Basic {
            user: basic.user.good()?.clone(),
            password: basic.password.good().and_then(secret)?,
        })
    };
    Access {
        who: bearer().or_else(basic),
        ca: draft.ca.good().cloned(),
    }
}

fn secret(draft: &SecretDraft) -> Option<Secret> {
    let file = draft.file.good().cloned().map(Secret::File);
    file.or_else(|| draft.env.good().cloned().map(Secret::Env))
}

/// The evidence that a step needs; none where nothing is asked.
pub(crate) fn gate(draft: &AnalysisDraft) -> Option<Gate> {
    let usual = Gate::default();
    match draft.require.good() {
        Some(Require::Nothing) => None,
        Some(Require::Pass) | None => Some(Gate {
            fail: draft.fail.good().copied().unwrap_or(usual.fail),
            no_data: draft.no_data.good().copied().unwrap_or(usual.no_data),
            inconclusive: draft
                .inconclusive
                .good()
                .copied()
                .unwrap_or(usual.inconclusive),
            error: draft.error.good().copied().unwrap_or(usual.error),
            longest: draft.longest.good().copied().unwrap_or(usual.longest),
            tolerance: draft.tolerance.good().copied().unwrap_or(usual.tolerance),
        }),
    }
}

/// Where it is served, as far as it says so itself; none without a good address.
pub(crate) fn listen(draft: &ListenDraft) -> Option<Listen> {
    let host = draft.host.good();
    Some(Listen {
        address: *draft.address.good()?,
        host: host.cloned(),
        path: draft.path.good().cloned().unwrap_or_default(),
        tls: draft.tls.good().and_then(|draft| tls(draft, host)),
        proxies: draft.proxies.good().map(proxies).unwrap_or_default(),
        access_log: draft.access_log.good().copied().flatten(),
        connections: draft
            .connections
            .good()
            .map(ConnectionsDraft::connections)
            .unwrap_or_default(),
        metrics: None,
    })
}

/// What is shown to clients; none if that could not be read.
fn tls(draft: &TlsDraft, host: Option<&Host>) -> Option<Tls> {
    if let Some(draft) = draft.acme.good() {
        let acme = acme(draft, host);
        return Some(Tls::Acme { acme });
    }
    Some(Tls::Files(TlsFiles {
        certificate: draft.certificate.good()?.clone(),
        key: draft.key.good()?.clone(),
    }))
}

fn acme(draft: &AcmeDraft, host: Option<&Host>) -> Acme {
    let directory = draft.directory.good().cloned();
    let mut hosts: Vec<Host> = values(draft.hosts.good()).cloned().collect();
    if hosts.is_empty() {
        hosts.extend(host.cloned());
    }
    hosts.sort();
    hosts.dedup();
    Acme {
        directory: directory.unwrap_or_else(|| USUAL_DIRECTORY.to_owned()),
        email: draft.email.good().cloned(),
        ca: draft.ca.good().cloned(),
        hosts,
    }
}

fn proxies(draft: &ProxiesDraft) -> Proxies {
    Proxies {
        trusted: values(draft.trusted.good()).copied().collect(),
        proxy_protocol: !draft.proxy_protocol.is_absent(),
    }
}

/// Where each service names its certificate and its key, or whom to trust when one is ordered.
pub(crate) fn certificates(view: &View) -> BTreeMap<ServiceName, CertificateAt> {
    let named = |(name, draft): (&ServiceName, &std::rc::Rc<ServiceDraft>)| {
        let tls = draft.listen.good()?.tls.good()?;
        let at = if let Some(acme) = tls.acme.good() {
            CertificateAt::Ca(acme.ca.at()?.span)
        } else {
            CertificateAt::Files {
                certificate: tls.certificate.at()?.span,
                key: tls.key.at()?.span,
            }
        };
        Some((name.clone(), at))
    };
    view.services.iter().filter_map(named).collect()
}

/// Where each service names its program: the first word of its command.
pub(crate) fn programs(view: &View) -> BTreeMap<ServiceName, Span> {
    let named = |(name, draft): (&ServiceName, &std::rc::Rc<ServiceDraft>)| {
        let target = draft.target.good()?;
        let process = target.process.good().map(|process| &process.run);
        let command = target.command.good().map(|command| &command.deploy);
        let first = process.or(command)?.good()?.first()?;
        Some((name.clone(), first.span))
    };
    view.services.iter().filter_map(named).collect()
}

fn values<V>(list: Option<&Vec<At<V>>>) -> impl Iterator<Item = &V> {
    list.into_iter().flatten().map(|at| &at.value)
}

/// How a command is run: `deploy` first.
fn command_process(draft: &CommandDraft) -> ProcessSpec {
    process_spec(&ProcessDraft {
        run: draft.deploy.clone(),
        env: draft.env.clone(),
        stop: draft.stop.clone(),
        ..ProcessDraft::default()
    })
}

fn command_spec(draft: &CommandDraft) -> CommandSpec {
    let argv = |found: &Found<Vec<At<Template>>>| {
        let words = found.good().map(|words| values(Some(words)));
        words.map(|words| words.cloned().collect())
    };
    CommandSpec {
        status: argv(&draft.status),
        rollback: argv(&draft.rollback),
        pass: draft.pass.good().copied().unwrap_or_default(),
    }
}

fn command_probe(draft: &CommandDraft) -> Probe {
    Probe {
        kind: ProbeKind::Command {
            status: !draft.status.is_absent(),
        },
        within: draft.within.good().copied().unwrap_or(COMMAND_WITHIN),
        rise: 1,
        ..Probe::default()
    }
}

fn process_spec(draft: &ProcessDraft) -> ProcessSpec {
    let stop = draft.stop.good();
    let usual = Stop::default();
    let env = draft.env.good().into_iter().flatten();
    ProcessSpec {
        argv: values(draft.run.good()).cloned().collect(),
        files: values(draft.files.good()).cloned().collect(),
        instances: draft.instances.good().copied().unwrap_or(1),
        env: env
            .map(|(name, text)| (name.value.clone(), text.value.clone()))
            .collect(),
        memory: draft
            .limits
            .good()
            .and_then(|limits| limits.memory.good())
            .copied(),
        stop: Stop {
            signal: stop
                .and_then(|stop| stop.signal.good())
                .cloned()
                .unwrap_or(usual.signal),
            within: stop
                .and_then(|stop| stop.within.good())
                .copied()
                .unwrap_or(usual.within),
        },
    }
}

fn strategy(draft: &StrategyDraft, bake: Millis) -> Strategy {
    match draft {
        StrategyDraft::BlueGreen => Strategy::BlueGreen,
        StrategyDraft::Recreate => Strategy::Recreate,
        StrategyDraft::Rolling => Strategy::Rolling,
        StrategyDraft::Canary(steps) => Strategy::Canary(
            values(steps.good())
                .filter_map(|step| {
                    let to = *step.to.good()?;
                    Some(Step {
                        to,
                        bake: step.bake.good().copied().unwrap_or(bake),
                        score: need(step),
                    })
                })
                .collect(),
        ),
    }
}

/// The score that a step needs.
fn need(step: &StepDraft) -> Option<ScoreNeed> {
    Some(ScoreNeed {
        at_least: *step.score.good()?,
        below: step.below.good().copied().unwrap_or_default(),
    })
}

fn speaks(draft: &ServiceDraft) -> Speaks {
    draft.speaks.good().copied().unwrap_or_default()
}

/// The readiness question of a service.
pub(crate) fn probe(draft: &ServiceDraft) -> Probe {
    let nothing = ProbeDraft::default();
    let written = draft
        .probes
        .good()
        .and_then(|probes| probes.ready.good())
        .unwrap_or(&nothing);
    let usual = Probe::default();
    let kind = match (
        written.http.good(),
        written.tcp.is_absent(),
        draft.listen.is_absent(),
    ) {
        (Some(path), _, _) => ProbeKind::Http {
            path: path.clone(),
            speaks: speaks(draft),
        },
        (None, true, true) => ProbeKind::Alive { at_least: ALIVE },
        (None, _, _) => ProbeKind::Tcp,
    };
    Probe {
        kind,
        every: written.every.good().copied().unwrap_or(usual.every),
        timeout: written.timeout.good().copied().unwrap_or(usual.timeout),
        rise: written.rise.good().copied().unwrap_or(usual.rise),
        fall: written.fall.good().copied().unwrap_or(usual.fall),
        within: written.within.good().copied().unwrap_or(usual.within),
    }
}

/// The detailed question; none where nothing is written.
pub(crate) fn detailed(draft: &ServiceDraft) -> Option<Probe> {
    let written: &DetailedDraft = draft.probes.good()?.detailed.good()?;
    let usual = Probe::detailed(written.http.good()?.clone(), speaks(draft));
    Some(Probe {
        every: written.every.good().copied().unwrap_or(usual.every),
        timeout: written.timeout.good().copied().unwrap_or(usual.timeout),
        ..usual
    })
}

/// Names that must come from the environment of whoever deploys, each with its first place. A command of
/// the score gets no value from Windlass itself.
pub(crate) fn foreign_names(
    file: &FileDraft,
    view: &View,
    reader: &Reader<'_>,
) -> BTreeMap<String, Span> {
    let targets = view.services.values();
    let targets = targets.filter_map(|draft| draft.target.good());
    let of_services = targets.flat_map(|target| {
        let named = target
            .words()
            .flat_map(|at| at.value.names().into_iter().map(move |name| (name, at)));
        named.filter(|(name, _)| !OWN_NAMES.contains(name))
    });
    let of_score =
        words(file).flat_map(|at| at.value.names().into_iter().map(move |name| (name, at)));
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    for (name, at) in of_services.chain(of_score) {
        let place = place_of(&at.value, name, at.span, reader);
        let first = names.entry(name.to_owned()).or_insert(place);
        *first = (*first).min(place);
    }
    names
}

/// Where `${name}` stands in the text at `span`; all of it where escapes hide it.
fn place_of(template: &Template, name: &str, span: Span, reader: &Reader<'_>) -> Span {
    let end = span.offset + span.length;
    let source = reader.text.get(span.offset..end).unwrap_or_default();
    let written = format!("${{{name}}}");
    // `$${NAME}` is a dollar sign and text: with any of those about, the whole is pointed at.
    let certain = !template.to_string().contains("$$");
    let Some(at) = source.find(&written).filter(|_| certain) else {
        return span;
    };
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let before = source.get(..at).unwrap_or_default();
    let breaks = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX);
    let column = match before.rsplit_once('\n') {
        Some((_, line)) => count(line).saturating_add(1),
        None => span.column.saturating_add(count(before)),
    };
    Span {
        offset: span.offset + at,
        length: written.len(),
        line: span.line.saturating_add(breaks),
        column,
    }
}
