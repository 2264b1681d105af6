//! What becomes a release, and what is refused.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use windlass_edge::Target;
use windlass_model::{Template, Version};

use super::bench::{Bench, run, service};

fn mode(path: &std::path::Path) -> u32 {
    path.metadata().expect("metadata").permissions().mode() & 0o777
}

#[test]
fn the_program_and_the_arguments_that_name_files_are_kept_read_only() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.put("conf/api.yml", "a: 1");
        bench.put("conf/deep/er.yml", "b: 2");
        bench.put("other", "not named");
        let kept = bench
            .keep(&["./service", "conf", "--port=${PORT}", "${PORT}", "nothing"])
            .await;
        let files = bench.files(&kept.release);
        assert_eq!(
            fs::read_to_string(files.join("conf/deep/er.yml")).expect("a file"),
            "b: 2"
        );
        assert!(!files.join("other").exists());
        assert_eq!(mode(&files.join("service")), 0o555);
        assert_eq!(mode(&files.join("conf/api.yml")), 0o444);
        assert_eq!(mode(&files.join("conf")), 0o555);
        assert_eq!(mode(&files), 0o555);
        assert_eq!(kept.copied, "#!/bin/sh\necho hello\n".len() as u64 + 8);
        assert_eq!(
            bench.target.verify(&kept.release).await.expect("a digest"),
            kept.release.artefact
        );
    });
}

#[test]
fn keeping_the_same_again_copies_nothing() {
    run(async {
        let bench = Bench::new("echo hello");
        let first = bench.keep(&["./service"]).await;
        bench.script("service", "echo hello");
        let second = bench.keep(&["./service"]).await;
        assert_eq!(second.release, first.release);
        assert_eq!(second.copied, 0);
        assert_eq!(fs::read_dir(bench.releases()).expect("a folder").count(), 1);
    });
}

#[test]
fn changed_bytes_paths_or_modes_are_another_artefact() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.put("data", "x");
        let argv = ["./service", "data"];
        let first = bench.keep(&argv).await.release;
        bench.put("data", "y");
        let changed = bench.keep(&argv).await.release;
        assert_ne!(changed.artefact, first.artefact);
        bench.mode("data", 0o755);
        let executable = bench.keep(&argv).await.release;
        assert_ne!(executable.artefact, changed.artefact);
        fs::rename(bench.source("data"), bench.source("datum")).expect("renamed");
        let renamed = bench.keep(&["./service", "datum"]).await.release;
        assert_ne!(renamed.artefact, executable.artefact);
        assert_eq!(first.version.0, first.identity.short());
    });
}

#[test]
fn what_the_process_sees_is_another_identity_of_the_same_artefact() {
    run(async {
        let bench = Bench::new("echo hello");
        let plain = service(&["./service", "--color=${COLOR}", "--port=${PORT}"]);
        let mut request = bench.request(plain.clone());
        request.values.insert("COLOR".to_owned(), "blue".to_owned());
        let blue = bench.target.keep(&request).await.expect("kept").release;
        request.values.insert("COLOR".to_owned(), "red".to_owned());
        let red = bench.target.keep(&request).await.expect("kept").release;
        assert_ne!(red.identity, blue.identity);
        let url = "http://127.0.0.1:8082".to_owned();
        request.need_urls.insert("AUTH_URL".to_owned(), url);
        let needs = bench.target.keep(&request).await.expect("kept").release;
        assert_ne!(needs.identity, red.identity);
        let level = Template::literal("debug");
        request.spec.process.env.insert("LEVEL".to_owned(), level);
        let env = bench.target.keep(&request).await.expect("kept").release;
        assert_ne!(env.identity, needs.identity);
        // Who asks is no part of a release.
        let lang = "de_DE.UTF-8".to_owned();
        request.surroundings.insert("LANG".to_owned(), lang);
        let other = bench.target.keep(&request).await.expect("kept").release;
        assert_eq!(other.identity, env.identity);
        assert!(
            [&red, &needs, &env]
                .iter()
                .all(|r| r.artefact == blue.artefact)
        );
    });
}

#[test]
fn a_version_counts_only_where_it_is_seen() {
    run(async {
        let bench = Bench::new("echo hello");
        let mut spec = service(&["./service"]);
        let unnamed = bench.try_keep(spec.clone()).await.expect("kept").release;
        spec.version = Some("1.4.2".to_owned());
        let named = bench.try_keep(spec).await.expect("kept").release;
        assert_eq!(named.identity, unnamed.identity, "nothing uses the version");
        assert_eq!(named.version, Version("1.4.2".to_owned()));

        let mut spec = service(&["./service", "v${VERSION}"]);
        spec.version = Some("1.4.2".to_owned());
        let old = bench.try_keep(spec.clone()).await.expect("kept").release;
        spec.version = Some("1.4.3".to_owned());
        let new = bench.try_keep(spec).await.expect("kept").release;
        assert_ne!(new.identity, old.identity);
        assert_eq!(new.artefact, old.artefact);
    });
}

#[test]
fn values_are_kept_for_the_owner_alone_and_never_in_an_identity() {
    run(async {
        let bench = Bench::new("echo hello");
        let mut spec = service(&["./service"]);
        let secret = Template::parse("${SECRET}").expect("a template");
        spec.process.env.insert("TOKEN".to_owned(), secret);
        let mut request = bench.request(spec);
        let unset = bench.target.keep(&request).await.expect_err("unset");
        assert!(unset.what.contains("${SECRET}"), "{}", unset.what);
        let value = "hunter2".to_owned();
        request.values.insert("SECRET".to_owned(), value);
        let release = bench.target.keep(&request).await.expect("kept").release;
        let folder = bench.releases().join(release.artefact.as_str());
        let record = folder.join(format!("identities/{}.json", release.identity));
        assert_eq!(mode(&record), 0o600);
        assert_eq!(mode(&folder.join("identities")), 0o700);
        assert_eq!(mode(&folder), 0o700);
        assert!(
            fs::read_to_string(record)
                .expect("text")
                .contains("hunter2")
        );
    });
}

#[test]
fn links_stay_links_inside_and_are_refused_outside() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.put("tree/a/file", "x");
        symlink("../a/file", bench.source("tree/a/again")).expect("a link");
        symlink("a", bench.source("tree/b")).expect("a link");
        let kept = bench.keep(&["./service", "tree"]).await;
        let again = bench.files(&kept.release).join("tree/b/again");
        assert_eq!(fs::read_to_string(&again).expect("a file"), "x");
        assert!(again.is_symlink());

        for (target, word) in [
            ("/etc/passwd", "out of the folder"),
            ("../../../outside", "out of the folder"),
            ("../other", "which is not kept"),
        ] {
            bench.put("other", "y");
            let link = bench.source("tree/link");
            symlink(target, &link).expect("a link");
            let refusal = bench.refusal(service(&["./service", "tree"])).await;
            assert!(refusal.contains("tree/link"), "{refusal}");
            assert!(refusal.contains(word), "{refusal}");
            fs::remove_file(link).expect("removed");
        }
        symlink("/etc", bench.source("etc")).expect("a link");
        let refusal = bench.refusal(service(&["./service", "etc"])).await;
        assert!(
            refusal.contains("etc") && refusal.contains("out of"),
            "{refusal}"
        );
    });
}

#[test]
fn a_program_reached_by_a_link_is_kept_by_its_content() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.script("build/debug/server", "echo built");
        symlink("build/debug/server", bench.source("server")).expect("a link");
        let kept = bench.keep(&["./server"]).await;
        let server = bench.files(&kept.release).join("server");
        assert!(!server.is_symlink());
        assert!(fs::read_to_string(server).expect("text").contains("built"));
    });
}

#[test]
fn listed_files_are_kept_with_the_program_and_must_lie_below() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.put("assets/a", "x");
        bench.put("conf", "named, but not listed");
        let mut spec = service(&["./service", "conf"]);
        spec.process.files = vec!["./assets".to_owned()];
        let kept = bench.try_keep(spec.clone()).await.expect("kept");
        let files = bench.files(&kept.release);
        assert!(files.join("assets/a").exists());
        assert!(files.join("service").exists());
        assert!(!files.join("conf").exists());
        for bad in ["../source", "/etc/passwd", "assets/../../x", "missing"] {
            spec.process.files = vec![bad.to_owned()];
            let refusal = bench.refusal(spec.clone()).await;
            assert!(refusal.contains(bad), "{refusal}");
        }
    });
}

#[test]
fn special_files_are_refused_by_name() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.put("data/file", "x");
        let socket = std::os::unix::net::UnixListener::bind(bench.source("data/socket"));
        let refusal = bench.refusal(service(&["./service", "data"])).await;
        assert!(refusal.contains("data/socket"), "{refusal}");
        drop(socket);
    });
}

#[test]
fn a_program_that_can_not_be_started_is_refused_with_what_to_do() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.put("plain", "#!/bin/sh\n");
        bench.put("text", "echo hello");
        bench.mode("text", 0o755);
        bench.put("windows", "#!/bin/sh\r\necho hello");
        bench.mode("windows", 0o755);
        bench.put("lost", "#!/usr/bin/env no-such-language\n");
        bench.mode("lost", 0o755);
        bench.put(
            "foreign",
            "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0\0\0\0\0\0\0\u{2}\0\u{8}\0",
        );
        bench.mode("foreign", 0o755);
        for (program, word) in [
            ("./foreign", "another kind of processor"),
            ("./missing", "is missing"),
            ("./plain", "not executable: chmod +x ./plain"),
            ("./text", "neither a binary"),
            ("./windows", r#""/bin/sh\r""#),
            ("./lost", r#""no-such-language""#),
            ("no-such-program", "is in no folder of PATH"),
            ("service", "is written ./service"),
            ("../service", "lies outside"),
            ("./", "is no file"),
        ] {
            let refusal = bench.refusal(service(&[program])).await;
            assert!(refusal.contains(word), "{program}: {refusal}");
        }
    });
}

#[test]
fn a_program_from_path_needs_something_kept() {
    run(async {
        let bench = Bench::new("echo hello");
        let refusal = bench.refusal(service(&["sleep", "300"])).await;
        assert!(refusal.contains("list in `files:`"), "{refusal}");
        bench.put("conf", "x");
        let kept = bench.keep(&["sleep", "conf"]).await;
        assert!(!bench.files(&kept.release).join("sleep").exists());
    });
}

#[test]
fn a_script_that_is_not_there_is_named_with_what_is_meant() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.put("web/web.js", "x");
        for (argv, said) in [
            (
                vec!["sleep", "--x", "web/wbe.js"],
                "web/wbe.js is missing: did you mean web/web.js? (in `run`)",
            ),
            (
                vec!["sleep", "web/data"],
                "web/data is missing (in `run`), and",
            ),
            (
                vec!["./servise"],
                "the program ./servise is missing: did you mean ./service?",
            ),
        ] {
            let refusal = bench.refusal(service(&argv)).await;
            assert!(refusal.contains(said), "{refusal}");
        }
        let mut spec = service(&["sleep", "wbe.js"]);
        spec.process.files = vec!["./web".to_owned()];
        let refusal = bench.refusal(spec).await;
        assert!(refusal.contains("wbe.js is missing"), "{refusal}");
    });
}

#[test]
fn the_script_of_an_interpreter_is_kept_beside_the_listed_files() {
    run(async {
        let bench = Bench::new("echo hello");
        bench.put("web.js", "x");
        bench.put("assets/a", "x");
        let mut spec = service(&["sleep", "--quiet", "./web.js"]);
        spec.process.files = vec!["./assets".to_owned()];
        let kept = bench.try_keep(spec).await.expect("kept");
        let files = bench.files(&kept.release);
        assert!(files.join("web.js").exists() && files.join("assets/a").exists());
    });
}

#[test]
fn a_state_folder_inside_the_source_is_no_part_of_it() {
    run(async {
        let mut bench = Bench::new("echo hello");
        let state = bench.root.path().join("state");
        bench.target = bench.target_of_epoch(6);
        // The whole root, in which the state lies.
        let mut request = bench.request(service(&["source/service", "."]));
        request.folder = bench.root.path().to_owned();
        let kept = bench.target.keep(&request).await.expect("kept");
        assert!(bench.files(&kept.release).join("source/service").exists());
        assert!(!bench.files(&kept.release).join("state").exists());
        assert!(state.exists());
    });
}

#[test]
fn changed_files_of_a_release_are_noticed() {
    run(async {
        let bench = Bench::new("echo hello");
        let release = bench.keep(&["./service"]).await.release;
        let file = bench.files(&release).join("service");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
        fs::write(&file, "#!/bin/sh\necho other\n").expect("written");
        let digest = bench.target.verify(&release).await.expect("a digest");
        assert_ne!(digest, release.artefact);
    });
}

/// As an interpreter does that keeps what it has compiled beside what it has read.
#[test]
fn what_a_program_adds_to_its_release_is_no_change_of_it() {
    run(async {
        let bench = Bench::new("echo hello");
        let release = bench.keep(&["./service"]).await.release;
        let files = bench.files(&release);
        fs::set_permissions(&files, fs::Permissions::from_mode(0o755)).expect("a mode");
        fs::create_dir(files.join("cache")).expect("a folder");
        fs::write(files.join("cache/service"), "compiled").expect("written");
        let digest = bench.target.verify(&release).await.expect("a digest");
        assert_eq!(digest, release.artefact);
        bench.target.can_start(&release).await.expect("as it was");
    });
}
