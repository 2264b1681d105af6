//! Where a service is served.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Host, PathPrefix, Percent};

/// A place at which requests for a service come in. Travels as the address alone where nothing else
/// is said of it, as it did before more could be said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Listen {
    /// What the socket is bound to.
    pub address: SocketAddr,
    /// The host that clients ask for; none: any that no other service has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// What their paths begin with.
    #[serde(default, skip_serializing_if = "PathPrefix::is_root")]
    pub path: PathPrefix,
    /// What it shows to clients that it is theirs; none: in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Whom it believes what they say of others.
    #[serde(default, skip_serializing_if = "Proxies::are_none")]
    pub proxies: Proxies,
    /// Which of its requests are written down; none: nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLog>,
    /// How many clients it takes.
    #[serde(default, skip_serializing_if = "Connections::are_usual")]
    pub connections: Connections,
    /// Where the router tells its figures to whoever asks; none: nowhere. No place for requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
}

/// How many connections are open at once on an address; none: what the router takes anywhere.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connections {
    /// Of all clients together; those beyond it are closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u16>,
    /// Of one client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_address: Option<u16>,
}

impl Connections {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    fn are_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What is written down of the requests that come in at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessLog {
    /// How many of them.
    pub share: Percent,
    /// Whether with their queries, in which secrets may stand.
    #[serde(default)]
    pub query: bool,
}

/// Proxies in front that are believed what they say of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proxies {
    /// Where they are; nobody else is believed.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub trusted: Vec<IpNet>,
    /// Whether they begin each connection with a header of the PROXY protocol.
    #[serde(default)]
    pub proxy_protocol: bool,
}

impl Proxies {
    /// Whether who comes from there is believed.
    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }

    fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a listener that speaks TLS shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Tls {
    /// A certificate of somebody else's care.
    Files(TlsFiles),
    /// Certificates that the router orders itself.
    Acme {
        /// From whom, and for which hosts.
        acme: Acme,
    },
}

/// The PEM files of a listener that speaks TLS. Only their names travel: whoever serves reads them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TlsFiles {
    /// The certificate, then those that lead to its root. An absolute path once a file is decoded
    /// for its folder.
    pub certificate: String,
    /// Its private key, likewise.
    pub key: String,
}

/// Certificates that are ordered by ACME (RFC 8555), one for each host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acme {
    /// The address at which the authority says what it offers: an https URL.
    pub directory: String,
    /// Where the authority writes to when something is wrong with a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A PEM file of whom to trust when the authority is asked, an absolute path; none: those that the
    /// machine trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// For which hosts; at least one, and none with a wildcard.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub hosts: Vec<Host>,
}

impl Tls {
    /// The files that it names, in which a relative path may stand until a file is decoded for its folder.
    pub fn paths_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::Files(TlsFiles { certificate, key }) => vec![certificate, key],
            Self::Acme { acme } => acme.ca.iter_mut().collect(),
        }
    }

    /// The files that it names.
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Self::Files(TlsFiles { certificate, key }) => vec![certificate, key],
            Self::Acme { acme } => acme.ca.as_deref().into_iter().collect(),
        }
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self {
            address,
            host: None,
            path: PathPrefix::default(),
            tls: None,
            proxies: Proxies::default(),
            access_log: None,
            connections: Connections::default(),
            metrics: None,
        }
    }
}

impl Listen {
    /// How somebody asks for it: by its host, or else, on this machine, by its address. A wildcard
    /// address can't be connected to: it becomes loopback.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let path = self.path.as_str().trim_end_matches('/');
        let port = self.address.port();
        if let Some(host) = self.host.as_ref().filter(|host| host.above().is_none()) {
            return format!("{scheme}://{host}:{port}{path}");
        }
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
        };
        format!("{scheme}://{}{path}", SocketAddr::new(ip, port))
    }

    /// Everything that a socket is bound to for it.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> + use<> {
        [Some(self.address), self.metrics].into_iter().flatten()
    }

    /// Whether the same requests come in here and at `other`.
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.address == other.address && self.host == other.host && self.path == other.path
    }

    /// Whether both are on one address and differ in what is known of a client before it says whom it
    /// wants: whether it speaks TLS, whether it is believed, and whether there is room for it.
    pub fn mixes_with(&self, other: &Self) -> bool {
        let tls = self.tls.is_some() == other.tls.is_some();
        let same = self.proxies == other.proxies && self.connections == other.connections;
        self.address == other.address && !(tls && same)
    }

    fn is_plain(&self) -> bool {
        let anywhere = self.host.is_none() && self.path.is_root();
        let usual = self.access_log.is_none() && self.connections.are_usual();
        let silent = self.metrics.is_none();
        anywhere && usual && silent && self.tls.is_none() && self.proxies.are_none()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{host}")?;
        }
        if !self.path.is_root() {
            write!(f, "{}", self.path)?;
        }
        if self.host.is_some() || !self.path.is_root() {
            f.write_str(" on ")?;
        }
        let tls = if self.tls.is_some() { " (TLS)" } else { "" };
        write!(f, "{}{tls}", self.address)
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_plain() {
            self.address.serialize(serializer)
        } else {
            Self::serialize(self, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

/// An address, or a map with one.
struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address, or a map with one")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
        let address: SocketAddr = text.parse().map_err(E::custom)?;
        Ok(address.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Listen, A::Error> {
        Listen::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secure(address: &str) -> Listen {
        let files = TlsFiles {
            certificate: "/etc/c.pem".to_owned(),
            key: "/etc/k.pem".to_owned(),
        };
        Listen {
            tls: Some(Tls::Files(files)),
            ..Listen::from(address.parse::<SocketAddr>().unwrap())
        }
    }

    fn ordered() -> Listen {
        let acme = Acme {
            directory: "https://ca.example/dir".to_owned(),
            email: None,
            ca: Some("/etc/ca.pem".to_owned()),
            hosts: vec![Host::new("a.b").unwrap()],
        };
        Listen {
            tls: Some(Tls::Acme { acme }),
            ..placed("a.b", "/")
        }
    }

    fn behind_proxies() -> Listen {
        Listen {
            proxies: Proxies {
                trusted: vec!["10.0.0.0/8".parse().unwrap()],
                proxy_protocol: true,
            },
            ..placed("", "/")
        }
    }

    fn logged() -> Listen {
        let share = Percent::new(10).unwrap();
        Listen {
            access_log: Some(AccessLog {
                share,
                query: false,
            }),
            ..placed("", "/")
        }
    }

    fn measured() -> Listen {
        Listen {
            metrics: Some(SocketAddr::from(([127, 0, 0, 1], 9180))),
            ..placed("", "/")
        }
    }

    fn placed(host: &str, path: &str) -> Listen {
        Listen {
            host: Host::new(host).ok(),
            path: PathPrefix::new(path).unwrap(),
            ..SocketAddr::from(([0, 0, 0, 0], 80)).into()
        }
    }

    #[test]
    fn an_address_alone_travels_as_it_always_did_and_more_as_a_map() {
        let plain = Listen::from(SocketAddr::from(([127, 0, 0, 1], 80)));
        for (listen, json) in [
            (plain, r#""127.0.0.1:80""#),
            (
                secure("[::1]:443"),
                r#"{"address":"[::1]:443","tls":{"certificate":"/etc/c.pem","key":"/etc/k.pem"}}"#,
            ),
            (
                ordered(),
                r#"{"address":"0.0.0.0:80","host":"a.b","tls":{"acme":{"directory":"https://ca.example/dir","ca":"/etc/ca.pem","hosts":["a.b"]}}}"#,
            ),
            (
                placed("shop.example", "/api"),
                r#"{"address":"0.0.0.0:80","host":"shop.example","path":"/api"}"#,
            ),
            (
                behind_proxies(),
                r#"{"address":"0.0.0.0:80","proxies":{"trusted":["10.0.0.0/8"],"proxy_protocol":true}}"#,
            ),
            (
                logged(),
                r#"{"address":"0.0.0.0:80","access_log":{"share":10,"query":false}}"#,
            ),
            (
                measured(),
                r#"{"address":"0.0.0.0:80","metrics":"127.0.0.1:9180"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&listen).unwrap(), json);
            assert_eq!(serde_json::from_str::<Listen>(json).unwrap(), listen);
        }
        for bad in [r#""127.0.0.1""#, "80", r#"{"tls":null}"#] {
            assert!(serde_json::from_str::<Listen>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_who_comes_from_a_trusted_network_is_believed() {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            proxy_protocol: false,
        };
        for (address, believed) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("11.1.2.3", false),
            ("::1", true),
            ("::2", false),
        ] {
            assert_eq!(
                proxies.trust(address.parse().unwrap()),
                believed,
                "{address}"
            );
        }
        assert!(!Proxies::default().trust("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn whoever_needs_it_is_told_a_url_that_can_be_connected_to() {
        let plain = |address: &str| Listen::from(address.parse::<SocketAddr>().unwrap()).url();
        assert_eq!(plain("0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(plain("[::]:80"), "http://[::1]:80");
        assert_eq!(secure("10.0.0.1:443").url(), "https://10.0.0.1:443");
        let url = |host, path| placed(host, path).url();
        assert_eq!(url("shop.example", "/api"), "http://shop.example:80/api");
        assert_eq!(url("*.shop.example", "/api"), "http://127.0.0.1:80/api");
    }

    #[test]
    fn a_place_is_told_by_what_clients_ask_for() {
        let told = |listen: Listen| listen.to_string();
        assert_eq!(told(placed("", "/")), "0.0.0.0:80");
        assert_eq!(told(placed("", "/api")), "/api on 0.0.0.0:80");
        assert_eq!(told(placed("a.b", "/")), "a.b on 0.0.0.0:80");
        assert_eq!(told(placed("a.b", "/api")), "a.b/api on 0.0.0.0:80");
        assert_eq!(told(secure("[::1]:443")), "[::1]:443 (TLS)");
    }

    #[test]
    fn two_places_are_one_if_the_same_requests_come_in() {
        let (shop, help) = (placed("shop.example", "/"), placed("help.example", "/"));
        assert!(shop.is_same_place(&shop.clone()) && !shop.is_same_place(&help));
        assert!(!shop.is_same_place(&placed("shop.example", "/api")));
        let here = secure("0.0.0.0:80");
        assert!(here.mixes_with(&shop) && !shop.mixes_with(&help));
        assert!(!secure("0.0.0.0:81").mixes_with(&shop));
        assert!(behind_proxies().mixes_with(&shop));
    }
}
