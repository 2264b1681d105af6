//! From the command line to the verb.

use super::{
    abort, analyze, backup, completions, demo, demo_service, deploy, docs, doctor, down, events,
    explain, finalize, given, halt, help, hold, init, list, logs, man, plan, promote, remove,
    repair, report, restore, resume, retry, rollback, router, schema, score, serve, shim, show,
    status, token, validate, version, wants,
};
use crate::arguments::Command;
use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// Runs one command to its end. A refusal of one that would have moved something says that it did not.
pub(crate) fn run(command: &Command, context: &Context) -> Result<Report, Diagnostic> {
    let ran = given::settle(command, context)
        .and_then(|()| wants::settle(command, context))
        .and_then(|()| one(command, context));
    if moves(command) {
        ran.map_err(Diagnostic::unchanged)
    } else {
        ran
    }
}

/// Whether it begins, ends or turns what runs and has traffic.
fn moves(command: &Command) -> bool {
    matches!(
        command,
        Command::Deploy(_)
            | Command::Hold(_)
            | Command::Resume(_)
            | Command::Abort(_)
            | Command::Promote(_)
            | Command::Retry(_)
            | Command::Rollback(_)
            | Command::Finalize(_)
            | Command::Remove(_)
            | Command::Repair(_)
            | Command::Down(_)
    )
}

fn one(command: &Command, context: &Context) -> Result<Report, Diagnostic> {
    match command {
        Command::Validate => Context::block_on(validate::run(context)),
        Command::Schema(options) => schema::run(options),
        Command::Init => init::run(context),
        Command::Version => version::run(),
        Command::Plan(options) => Context::block_on(plan::run(context, options)),
        Command::Deploy(options) => Context::block_on(deploy::run(context, options)),
        Command::Status(options) => Context::block_on(status::run(context, options)),
        Command::List(options) => Context::block_on(list::run(context, options)),
        Command::Show(options) => Context::block_on(show::run(context, options)),
        Command::Events(options) => Context::block_on(events::run(context, options)),
        Command::Logs(options) => Context::block_on(logs::run(context, options)),
        Command::Hold(options) => Context::block_on(hold::run(context, options)),
        Command::Resume(options) => Context::block_on(resume::run(context, options)),
        Command::Abort(options) => Context::block_on(abort::run(context, options)),
        Command::Promote(options) => Context::block_on(promote::run(context, options)),
        Command::Retry(options) => Context::block_on(retry::run(context, options)),
        Command::Rollback(options) => Context::block_on(rollback::run(context, options)),
        Command::Finalize(options) => Context::block_on(finalize::run(context, options)),
        Command::Remove(options) => Context::block_on(remove::run(context, options)),
        Command::Repair(options) => Context::block_on(repair::run(context, options)),
        Command::Halt(options) => halt::run(context, options),
        Command::Down(options) => Context::block_on(down::run(context, options)),
        Command::Report(options) => Context::block_on(report::run(context, options)),
        Command::Token(options) => Context::block_on(token::run(context, options)),
        Command::Demo(options) => Context::block_on(demo::run(context, options)),
        Command::Doctor => Context::block_on(doctor::run(context)),
        Command::Backup(options) => Context::block_on(backup::run(context, options)),
        Command::Restore(options) => Context::block_on(restore::run(context, options)),
        Command::Analyze(options) => analyze::run(context, options),
        Command::Score(options) => Context::block_on(score::run(context, options)),
        Command::Help(options) => help::run(context, options),
        Command::Explain(options) => explain::run(context, options),
        Command::Docs(options) => docs::run(context, options),
        Command::Completions(options) => completions::run(options),
        Command::Man(options) => man::run(options),
        Command::Serve(options) => serve::run(context, options),
        Command::Router(options) => router::run(context, options),
        Command::Shim(options) => shim::run(options),
        Command::DemoService(options) => demo_service::run(options),
    }
}
