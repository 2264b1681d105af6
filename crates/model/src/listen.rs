//! Where a service is served.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A place at which requests for a service come in. Travels as the address alone where nothing else
/// is said of it, as it did before more could be said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Listen {
    /// What the socket is bound to.
    pub address: SocketAddr,
    /// What it shows to clients that it is theirs; none: in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// The PEM files of a listener that speaks TLS. Only their names travel: whoever serves reads them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tls {
    /// The certificate, then those that lead to its root. An absolute path once a file is decoded
    /// for its folder.
    pub certificate: String,
    /// Its private key, likewise.
    pub key: String,
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

impl Listen {
    /// How somebody on this machine asks for it. A wildcard address can't be connected to: it becomes
    /// loopback.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
        };
        format!("{scheme}://{}", SocketAddr::new(ip, self.address.port()))
    }

    fn is_plain(&self) -> bool {
        self.tls.is_none()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        let tls = Tls {
            certificate: "/etc/c.pem".to_owned(),
            key: "/etc/k.pem".to_owned(),
        };
        Listen {
            tls: Some(tls),
            ..Listen::from(address.parse::<SocketAddr>().unwrap())
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
        ] {
            assert_eq!(serde_json::to_string(&listen).unwrap(), json);
            assert_eq!(serde_json::from_str::<Listen>(json).unwrap(), listen);
        }
        for bad in [r#""127.0.0.1""#, "80", r#"{"tls":null}"#] {
            assert!(serde_json::from_str::<Listen>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn whoever_needs_it_is_told_a_url_that_can_be_connected_to() {
        let plain = |address: &str| Listen::from(address.parse::<SocketAddr>().unwrap()).url();
        assert_eq!(plain("0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(plain("[::]:80"), "http://[::1]:80");
        assert_eq!(secure("10.0.0.1:443").url(), "https://10.0.0.1:443");
    }
}
