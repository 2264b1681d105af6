//! The certificates that a file names, and whom it trusts when they are ordered.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use windlass_config::{CertificateAt, Loaded, Problem, unusable};
use windlass_model::{Tls, TlsFiles};
use windlass_tls::{BadPair, Blame, Pair, roots};

/// Makes the paths of certificates and keys absolute, and reads all of them. `folder` is that of the
/// file. What comes back is wrong with them, each at its place in the file.
pub fn look_at_certificates(loaded: &mut Loaded, folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, service) in &mut loaded.spec.services {
        let tls = service.listen.as_mut().and_then(|it| it.tls.as_mut());
        let (Some(tls), Some(at)) = (tls, loaded.certificates.get(name)) else {
            continue;
        };
        for path in tls.paths_mut() {
            let whole: PathBuf = folder.join(&*path).components().collect();
            *path = whole.display().to_string();
        }
        match (tls, *at) {
            (Tls::Files(files), CertificateAt::Files { certificate, key }) => {
                problems.extend(wrong(files).map(|(blame, why)| {
                    let span = match blame {
                        Blame::Certificate => certificate,
                        Blame::Key => key,
                    };
                    unusable(span, why)
                }));
            }
            (Tls::Acme { acme }, CertificateAt::Ca(span)) => {
                let bad = roots(acme.ca.as_ref().map(Path::new)).err();
                problems.extend(bad.map(|why| unusable(span, why.to_string())));
            }
            // Both come from the same place of the file.
            (Tls::Files(_), CertificateAt::Ca(_))
            | (Tls::Acme { .. }, CertificateAt::Files { .. }) => {}
        }
    }
    problems
}

/// What is wrong with a pair of files.
fn wrong(files: &TlsFiles) -> Option<(Blame, String)> {
    let read = Pair::read(Path::new(&files.certificate), Path::new(&files.key));
    let why: BadPair = read.err()?;
    let cause = why.source().map(|cause| format!(": {cause}"));
    Some((why.blame(), format!("{why}{}", cause.unwrap_or_default())))
}
