//! Keys that Compose, Kubernetes and their kin have, and what is written here instead.

/// What a key of another tool is here.
pub(crate) struct Meant {
    /// What others call it.
    words: &'static [&'static str],
    /// The key here; empty where there is none.
    pub(crate) key: &'static str,
    /// What to write, or why there is nothing to write.
    pub(crate) hint: &'static str,
}

/// Where others say what is fetched.
const FETCHED: Meant = Meant {
    words: &[
        "source",
        "sources",
        "url",
        "uri",
        "archive",
        "artifact",
        "artefact",
        "download",
        "fetch",
        "git",
        "repository",
        "repo",
        "branch",
        "commit",
        "ref",
        "checksum",
        "sha256",
        "digest",
        "package",
    ],
    key: "",
    hint: "Windlass fetches nothing: bring the files beside this one and check them, then list them in `files`: windlass docs built-elsewhere",
};

/// Of a release.
const OF_A_RELEASE: [Meant; 1] = [FETCHED];

/// Of a service, and of what runs it.
const OF_A_SERVICE: [Meant; 16] = [
    FETCHED,
    Meant {
        words: &["replicas", "scale", "copies", "count"],
        key: "instances",
        hint: "write `instances: 2`",
    },
    Meant {
        words: &[
            "command",
            "cmd",
            "args",
            "entrypoint",
            "exec",
            "start",
            "script",
        ],
        key: "run",
        hint: "write `run:` with a command, such as ./server --port ${PORT}",
    },
    Meant {
        words: &["image", "build", "dockerfile", "container"],
        key: "run",
        hint: "there are no containers in this version: name a program with `run`, or wrap a script that starts one: windlass docs wrap-a-script",
    },
    Meant {
        words: &["environment", "envFrom", "env_vars", "variables"],
        key: "env",
        hint: "write `env: { NAME: \"value\" }`",
    },
    Meant {
        words: &["env_file"],
        key: "env",
        hint: "name each one: `env: { NAME: \"${NAME}\" }` takes the value from the environment of whoever deploys",
    },
    Meant {
        words: &["port", "ports", "expose", "containerPort"],
        key: "listen",
        hint: "write `listen: 127.0.0.1:8080`, where the router serves it; the program itself listens on ${PORT}",
    },
    Meant {
        words: &[
            "healthcheck",
            "health_check",
            "health",
            "readiness",
            "readinessProbe",
            "startupProbe",
            "livenessProbe",
            "liveness",
        ],
        key: "ready",
        hint: "write `ready: /health`, a path that answers once it is ready; how often is said in `probes`",
    },
    Meant {
        words: &["depends_on", "dependsOn", "links", "requires"],
        key: "needs",
        hint: "write `needs: [NAME]`; the service then has the variable NAME_URL",
    },
    Meant {
        words: &["restart", "restartPolicy", "restart_policy"],
        key: "",
        hint: "leave it out: a service that ends is started again by itself, unless its release is still being tried",
    },
    Meant {
        words: &["volumes", "volumeMounts", "mounts"],
        key: "",
        hint: "leave it out: data goes to absolute paths, and what belongs to a release is listed in `files`",
    },
    Meant {
        words: &["working_dir", "workingDir", "workdir", "cwd"],
        key: "files",
        hint: "leave it out: a service runs in the copy of its release, and `files` says what is in that",
    },
    Meant {
        words: &["deploy", "update_config", "rollout"],
        key: "strategy",
        hint: "how a release takes over is said in `strategy`, and how many copies run in `instances`",
    },
    Meant {
        words: &["resources", "mem_limit", "memory"],
        key: "limits",
        hint: "write `limits: { memory: 512M }`",
    },
    Meant {
        words: &[
            "stop_signal",
            "stop_grace_period",
            "terminationGracePeriodSeconds",
        ],
        key: "stop",
        hint: "write `stop: { signal: TERM, within: 30s }`",
    },
    Meant {
        words: &["networks", "network_mode"],
        key: "",
        hint: "leave it out: services find each other by `needs`",
    },
];

/// Of the whole file.
const OF_THE_FILE: [Meant; 3] = [
    Meant {
        words: &["version"],
        key: "",
        hint: "leave it out: the file has no version, and that of a service is said in its `release`",
    },
    Meant {
        words: &["networks", "volumes", "secrets", "configs"],
        key: "",
        hint: "leave it out: services find each other by `needs`, data goes to absolute paths, and secrets come in by `env`",
    },
    Meant {
        words: &["apiVersion", "kind", "metadata", "spec"],
        key: "services",
        hint: "this is no manifest of Kubernetes: write `app: NAME` and `services:`, or have a first file written: windlass init",
    },
];

/// What `key` of another tool is in a `table` of ours that has the keys `known`.
pub(crate) fn meant<'k>(
    table: &str,
    key: &str,
    mut known: impl Iterator<Item = &'k str>,
) -> Option<&'static Meant> {
    let all: &[Meant] = match table {
        "service" | "override" | "defaults" | "process" => &OF_A_SERVICE,
        "release" => &OF_A_RELEASE,
        "file" => &OF_THE_FILE,
        _ => &[],
    };
    let found = all.iter().find(|meant| meant.words.contains(&key))?;
    (found.key.is_empty() || known.any(|name| name == found.key)).then_some(found)
}
