//! `windlass report`: what a wrapped script says of its run.

use std::ffi::OsString;

use clap::{Args, Subcommand};
use windlass_api::{Exit, ReportRequest};
use windlass_client::Reporter;
use windlass_model::{Measure, Metric, Percent};

use crate::context::Context;
use crate::diagnostic::Diagnostic;
use crate::report::Report;

/// The variable that says where a run reports.
const ENDPOINT: &str = "WINDLASS_COORDINATION_ENDPOINT";

/// The variable that lets it.
const TOKEN: &str = "WINDLASS_TOKEN";

/// Options of `report`.
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Verb,

    /// Where to; WINDLASS_COORDINATION_ENDPOINT says it unless the script was told by flags alone
    #[arg(long, global = true, value_name = "URL", env = ENDPOINT, hide_env = true)]
    coordination_endpoint: Option<String>,
}

/// What is said.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Say what the script does now
    Phase {
        /// In a word or a few: 1 to 64 characters
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Say how far it is with that
    Progress {
        /// 0 to 100
        #[arg(value_name = "PERCENT", value_parser = percent)]
        percent: Percent,
    },
    /// Say a line for those who follow the deployment
    Log {
        /// The line; 1,000 characters of it are kept
        #[arg(value_name = "LINE", allow_hyphen_values = true)]
        line: OsString,
    },
    /// Say what was measured
    Metric {
        /// A letter, then letters, digits, `_`, `.` and `-`
        #[arg(value_name = "NAME")]
        name: String,
        /// A number; six decimals are kept
        #[arg(value_name = "VALUE", value_parser = measure, allow_hyphen_values = true)]
        value: Measure,
    },
}

fn percent(text: &str) -> Result<Percent, String> {
    let number = text.trim_end_matches(['%', ' ']).parse::<u64>();
    let number = number.map_err(|_why| "write a whole number, 0 to 100".to_owned())?;
    Percent::new(number).map_err(|why| why.to_string())
}

fn measure(text: &str) -> Result<Measure, String> {
    let number = text.parse::<f64>();
    let number = number.map_err(|_why| "write a number, such as 12 or 0.5".to_owned())?;
    Measure::try_from(number).map_err(|why| why.to_string())
}

impl Verb {
    fn request(&self) -> ReportRequest {
        let mut request = ReportRequest::default();
        match self {
            Self::Phase { name } => request.phase = Some(name.clone()),
            Self::Progress { percent } => request.progress = Some(*percent),
            // It may be what some other program printed, in any encoding.
            Self::Log { line } => request.log = Some(line.to_string_lossy().into_owned()),
            Self::Metric { name, value } => {
                request.metric = Some(Metric {
                    name: name.clone(),
                    value: *value,
                });
            }
        }
        request
    }
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<Report, Diagnostic> {
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let endpoint = options.coordination_endpoint.as_deref();
    let (Some(endpoint), Some(token)) = (endpoint, token) else {
        return Err(no_run());
    };
    let request = options.verb.request();
    let reporter = Reporter::new(endpoint, &token).map_err(|why| {
        let refused = windlass_client::ClientError::from(why);
        Diagnostic::from(refused).hint(format!("leave {ENDPOINT} as it was given to the script"))
    })?;
    let answer = reporter.say(&request).await?;
    if !answer.kept {
        let what = "this service has reported so much that this was not kept";
        context.ui.say(what);
    }
    Report::new("", &answer)
}

fn no_run() -> Diagnostic {
    Diagnostic::new(Exit::Usage, "there is nobody to report to")
        .code("WL0415")
        .detail(format!("{ENDPOINT} or {TOKEN} is not set"))
        .hint("it works in a script that Windlass runs: windlass docs wrap-a-script")
}
