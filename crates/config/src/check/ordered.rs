//! Certificates that are ordered: for which hosts, and that they can be had.

use windlass_model::Host;

use crate::decode::NO_WILDCARD;
use crate::environment::View;
use crate::problem::NO_HOST;
use crate::reader::Reader;
use crate::tree::Span;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    for (name, draft) in &view.services {
        let Some(listen) = draft.listen.good() else {
            continue;
        };
        let acme = listen.tls.good().and_then(|tls| tls.acme.at());
        let Some(acme) = acme.filter(|acme| acme.value.hosts.is_absent()) else {
            continue;
        };
        match listen.host.good() {
            None if listen.host.is_broken() => {}
            None => {
                let message = format!("`{name}` orders certificates for no host");
                let hint = "say `host` in `listen`, or `hosts` in `acme`";
                reader.refuse_for(NO_HOST, acme.span, message, hint);
            }
            Some(host) if host.above().is_some() => refuse_wildcard(host, acme.span, reader),
            Some(_) => {}
        }
    }
}

fn refuse_wildcard(host: &Host, span: Span, reader: &mut Reader<'_>) {
    let message = format!("no certificate can be ordered for `{host}`");
    reader.refuse_for(NO_HOST, span, message, NO_WILDCARD);
}
