//! `windlass serve --install`: a systemd unit for the controller. Needs no systemd to write it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use windlass_api::Exit;

use crate::context::Context;
use crate::diagnostic::{Diagnostic, TAKEN};
use crate::door::Door;
use crate::report::Report;

/// The unit's name.
const UNIT: &str = "windlass.service";

/// There is no unit that could be written.
const NO_UNIT: &str = "WL0429";

/// Whose unit it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    /// The folder of the units.
    folder: PathBuf,
    /// What `systemctl` needs to be told.
    systemctl: &'static str,
    /// What it is started with.
    target: &'static str,
}

/// What the unit says.
struct Unit<'a> {
    program: &'a Path,
    state: &'a Path,
    /// `XDG_RUNTIME_DIR` of now: the sockets must lie where every other command looks for them.
    runtime: Option<&'a Path>,
    door: &'a Door,
    target: &'a str,
}

/// Writes the unit; one that says something else stays unless `over`.
pub(super) fn run(context: &Context, door: &Door, over: bool) -> Result<Report, Diagnostic> {
    let paths = context.paths()?;
    let program = std::env::current_exe()
        .map_err(|why| Diagnostic::io("this program can't be found", &why))?;
    if !program.is_file() {
        return Err(Diagnostic::new(
            Exit::Failed,
            format!("{} is not there any more", program.display()),
        )
        .code(NO_UNIT)
        .hint("call the new one by its path: PATH/windlass serve --install"));
    }
    let owner = owner()?;
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let text = unit(&Unit {
        program: &program,
        state: &paths.state,
        runtime: runtime.as_deref().filter(|folder| folder.is_absolute()),
        door,
        target: owner.target,
    });
    let path = owner.folder.join(UNIT);
    let wrote = place(&path, &text, over)?;
    let (path, systemctl) = (path.display(), owner.systemctl);
    let did = if wrote { "wrote" } else { "is there already:" };
    let mut said = format!(
        "{did} {path}\nnext: {systemctl} daemon-reload && {systemctl} enable --now {UNIT}\n"
    );
    if owner.target == "default.target" {
        said.push_str("so that it runs while you are not logged in: loginctl enable-linger\n");
    }
    let json = serde_json::json!({
        "unit": path.to_string(),
        "wrote": wrote,
        "systemctl": systemctl,
    });
    Report::new(said, &json)
}

/// Where the unit is, if it is there; none when nothing says where units are.
pub(crate) fn unit_path() -> Option<PathBuf> {
    owner().ok().map(|owner| owner.folder.join(UNIT))
}

fn owner() -> Result<Owner, Diagnostic> {
    if rustix::process::geteuid().is_root() {
        return Ok(Owner {
            folder: PathBuf::from("/etc/systemd/system"),
            systemctl: "systemctl",
            target: "multi-user.target",
        });
    }
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    let config = config.ok_or_else(|| {
        Diagnostic::new(
            Exit::Usage,
            "neither XDG_CONFIG_HOME nor HOME says where systemd's units are",
        )
        .code(NO_UNIT)
        .hint("set HOME, or run it as root for the whole machine")
    })?;
    Ok(Owner {
        folder: config.join("systemd/user"),
        systemctl: "systemctl --user",
        target: "default.target",
    })
}

/// `KillMode=process`: services and router are its children, and outlive it. `--replace`: one that a
/// command has started meanwhile makes room.
fn unit(unit: &Unit<'_>) -> String {
    let program = word(unit.program);
    let state = word(unit.state);
    let listen = on_the_network(unit.door);
    let runtime = unit.runtime.map(|folder| {
        let pair = format!("XDG_RUNTIME_DIR={}", folder.display());
        format!("Environment={}\n", word(Path::new(&pair)))
    });
    format!(
        "# Written by: windlass serve --install\n\
         [Unit]\n\
         Description=Windlass, controller of {}\n\
         After=network.target\n\
         StartLimitIntervalSec=0\n\
         \n\
         [Service]\n\
         ExecStart={program} serve --replace --state-dir {state}{listen}\n\
         {}Restart=always\n\
         RestartSec=1\n\
         KillMode=process\n\
         TimeoutStopSec=60\n\
         \n\
         [Install]\n\
         WantedBy={}\n",
        unit.state.display().to_string().replace('%', "%%"),
        runtime.unwrap_or_default(),
        unit.target,
    )
}

/// What `serve` is told of the network, with a space before it.
fn on_the_network(door: &Door) -> String {
    let listen = match door {
        Door::AsBefore => return String::new(),
        Door::None => return " --listen none".to_owned(),
        Door::At(listen) => listen,
    };
    let files = listen.tls.as_ref().map(|tls| {
        let (cert, key) = (word(&tls.cert), word(&tls.key));
        format!(" --tls-cert {cert} --tls-key {key}")
    });
    format!(" --listen {}{}", listen.address, files.unwrap_or_default())
}

/// One word of a unit's line, as systemd reads it.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    format!("\"{escaped}\"")
}

/// Whether it was written: the same text is left as it is.
fn place(path: &Path, text: &str, over: bool) -> Result<bool, Diagnostic> {
    let failed =
        |why: io::Error| Diagnostic::io(format!("{} can't be written", path.display()), &why);
    match fs::read_to_string(path) {
        Ok(there) if there == text => return Ok(false),
        Ok(_other) if !over => {
            return Err(Diagnostic::new(
                Exit::Refused,
                format!(
                    "{} is there already and says something else",
                    path.display()
                ),
            )
            .code(TAKEN)
            .detail("it was not changed")
            .hint("look at it, then: windlass serve --install --replace"));
        }
        Ok(_other) => {}
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) => return Err(failed(why)),
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let whole = path.with_extension("service.new");
    fs::write(&whole, text).map_err(failed)?;
    fs::rename(&whole, path).map_err(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::{Listen, TlsFiles};

    #[test]
    fn the_unit_keeps_the_controller_and_leaves_its_children() {
        let text = unit(&Unit {
            program: Path::new("/usr/local/bin/windlass"),
            state: Path::new("/var/lib/100% windlass"),
            runtime: Some(Path::new("/run/user/1000")),
            door: &Door::AsBefore,
            target: "default.target",
        });
        insta::assert_snapshot!(text, @r#"
        # Written by: windlass serve --install
        [Unit]
        Description=Windlass, controller of /var/lib/100%% windlass
        After=network.target
        StartLimitIntervalSec=0

        [Service]
        ExecStart="/usr/local/bin/windlass" serve --replace --state-dir "/var/lib/100%% windlass"
        Environment="XDG_RUNTIME_DIR=/run/user/1000"
        Restart=always
        RestartSec=1
        KillMode=process
        TimeoutStopSec=60

        [Install]
        WantedBy=default.target
        "#);
    }

    #[test]
    fn the_unit_listens_as_it_was_told() {
        let listen = Listen {
            address: crate::listen::address("0.0.0.0:7070").unwrap(),
            tls: Some(TlsFiles {
                cert: "/etc/tls/our cert.pem".into(),
                key: "/etc/tls/key.pem".into(),
            }),
        };
        assert_eq!(
            on_the_network(&Door::At(listen)),
            " --listen 0.0.0.0:7070 --tls-cert \"/etc/tls/our cert.pem\" --tls-key \"/etc/tls/key.pem\""
        );
    }

    #[test]
    fn a_unit_that_says_something_else_stays_unless_it_is_to_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join(UNIT);
        assert_eq!(place(&path, "one", false), Ok(true));
        assert_eq!(place(&path, "one", false), Ok(false), "nothing to do");
        let refused = place(&path, "two", false).unwrap_err();
        assert_eq!(refused.exit, Exit::Refused);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(place(&path, "two", true), Ok(true));
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
    }
}
