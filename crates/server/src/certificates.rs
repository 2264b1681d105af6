//! The certificates that a file names.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use windlass_config::{Loaded, Problem, unusable};
use windlass_tls::{Blame, Pair};

/// Makes the paths of certificates and keys absolute, and reads all of them. `folder` is that of the
/// file. What comes back is wrong with them, each at its place in the file.
pub fn look_at_certificates(loaded: &mut Loaded, folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, service) in &mut loaded.spec.services {
        let tls = service.listen.as_mut().and_then(|it| it.tls.as_mut());
        let (Some(tls), Some(at)) = (tls, loaded.certificates.get(name)) else {
            continue;
        };
        for path in [&mut tls.certificate, &mut tls.key] {
            let whole: PathBuf = folder.join(&*path).components().collect();
            *path = whole.display().to_string();
        }
        let read = Pair::read(Path::new(&tls.certificate), Path::new(&tls.key));
        if let Err(why) = read {
            let span = match why.blame() {
                Blame::Certificate => at.certificate,
                Blame::Key => at.key,
            };
            let cause = why.source().map(|cause| format!(": {cause}"));
            problems.push(unusable(
                span,
                format!("{why}{}", cause.unwrap_or_default()),
            ));
        }
    }
    problems
}
