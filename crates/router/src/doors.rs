//! What is behind each listener of a table.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;

use crate::certificate::Certificate;
use crate::live::{Entry, Services};
use crate::secure::{Manner, showing};

/// One listener.
#[derive(Debug)]
pub(crate) struct Behind {
    /// How its clients speak; none: in the clear.
    pub(crate) manner: Option<Manner>,
    /// Whose requests they are.
    pub(crate) entry: Arc<Entry>,
}

/// What services say of one listener.
struct Said {
    entry: Arc<Entry>,
    clear: bool,
    shown: Vec<Arc<Certificate>>,
}

/// Indexes `services` by listener.
pub(crate) fn index(services: &Services, common: &ServerConfig) -> HashMap<SocketAddr, Behind> {
    let mut said: HashMap<SocketAddr, Said> = HashMap::new();
    for entry in services.values() {
        for (listen, certificate) in entry.route.listeners.iter().zip(&entry.certificates) {
            let all = said.entry(listen.address).or_insert_with(|| Said {
                entry: entry.clone(),
                clear: false,
                shown: Vec::new(),
            });
            match certificate {
                Some(certificate) => all.shown.push(certificate.clone()),
                None => all.clear = true,
            }
        }
    }
    let behind = |said: Said| {
        let manner = (!said.shown.is_empty()).then(|| {
            let config = showing(common, said.shown);
            if said.clear {
                Manner::Either(config)
            } else {
                Manner::Tls(config)
            }
        });
        Behind {
            manner,
            entry: said.entry,
        }
    };
    said.into_iter()
        .map(|(address, said)| (address, behind(said)))
        .collect()
}
