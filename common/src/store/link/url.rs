//! Which Redis a URL means.
//!
//! ```text
//! redis://[user:password@]host[:port][/db]                                 one server (rediss: TLS)
//! redis+unix:///path/to/socket                                              one server here
//! redis+sentinel://[user:password@]host[:port],host…/name[/db]              the primary that sentinels name
//! redis+cluster://[user:password@]host[:port],host…                         a cluster, by some of its nodes
//! ```
//!
//! `rediss+sentinel` and `rediss+cluster` speak TLS with the data nodes. User and password are those of
//! the data nodes; sentinels get theirs by `?sentinel_user=…&sentinel_password=…`.

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo};

use crate::store::StoreError;

const SENTINEL_PORT: u16 = 26_379;
const REDIS_PORT: u16 = 6379;

/// The servers of a deployment.
#[derive(Debug, Clone)]
pub enum Topology {
    /// One server.
    Single(ConnectionInfo),
    /// A primary with replicas, watched by sentinels.
    Sentinel {
        /// The sentinels.
        sentinels: Vec<ConnectionInfo>,
        /// What they call the primary.
        name: String,
        /// How to speak to the primary.
        node: RedisConnectionInfo,
        /// Whether that is encrypted.
        tls: bool,
    },
    /// A cluster, by nodes that tell the others.
    Cluster(Vec<ConnectionInfo>),
}

/// The parts of a URL with many hosts.
struct Parts<'a> {
    tls: bool,
    user_info: &'a str,
    hosts: Vec<&'a str>,
    path: Vec<&'a str>,
    query: Vec<(&'a str, &'a str)>,
}

impl Topology {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            Some("redis+sentinel" | "rediss+sentinel") => Self::sentinel(&Parts::of(url)?),
            Some("redis+cluster" | "rediss+cluster") => Self::cluster(&Parts::of(url)?),
            _ => Ok(Self::Single(settled(url.into_connection_info()?))),
        }
    }

    fn sentinel(parts: &Parts<'_>) -> Result<Self, StoreError> {
        let Some(name) = parts.path.first().filter(|name| !name.is_empty()) else {
            return Err(unusable("name the primary: redis+sentinel://host/name"));
        };
        let db = parts.path.get(1).copied().unwrap_or("0");
        // Hosts are replaced by what sentinels say; user, password and database are kept.
        let node = parts.node_url("host", db).as_str().into_connection_info()?;
        let own = |wanted: &str| {
            let found = parts.query.iter().find(|(name, _)| *name == wanted);
            found.map_or("", |(_, value)| value)
        };
        let user_info = match (own("sentinel_user"), own("sentinel_password")) {
            ("", "") => String::new(),
            (user, password) => format!("{user}:{password}@"),
        };
        let sentinels = parts.hosts.iter().map(|host| {
            let host = with_port(host, SENTINEL_PORT);
            Ok(format!("redis://{user_info}{host}")
                .as_str()
                .into_connection_info()?)
        });
        Ok(Self::Sentinel {
            sentinels: sentinels.collect::<Result<_, StoreError>>()?,
            name: (*name).to_owned(),
            node: settled(node).redis_settings().clone(),
            tls: parts.tls,
        })
    }

    fn cluster(parts: &Parts<'_>) -> Result<Self, StoreError> {
        let nodes = parts.hosts.iter().map(|host| {
            let url = parts.node_url(&with_port(host, REDIS_PORT), "0");
            Ok(settled(url.as_str().into_connection_info()?))
        });
        Ok(Self::Cluster(nodes.collect::<Result<_, StoreError>>()?))
    }
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Result<Self, StoreError> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_info, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let hosts: Vec<&str> = hosts.split(',').filter(|host| !host.is_empty()).collect();
        if hosts.is_empty() {
            return Err(unusable("no host is named"));
        }
        Ok(Self {
            tls: scheme.starts_with("rediss"),
            user_info,
            hosts,
            path: path.split('/').collect(),
            query: query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .collect(),
        })
    }

    /// The URL of one data node.
    fn node_url(&self, host: &str, db: &str) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let at = if self.user_info.is_empty() { "" } else { "@" };
        format!("{scheme}://{}{at}{host}/{db}", self.user_info)
    }
}

fn with_port(host: &str, port: u16) -> String {
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    }
}

/// Pushes and sharded subscriptions need RESP3. A library's name, which a connection would tell first, is of
/// no use to anyone and may be forbidden to the user.
fn settled(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP3);
    info.set_redis_settings(settings.set_skip_set_lib_name())
}

fn unusable(why: &str) -> StoreError {
    StoreError::Url(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Topology;

    fn shown(url: &str) -> String {
        Topology::parse(url).map_or_else(
            |error| error.to_string(),
            |topology| match topology {
                Topology::Single(info) => {
                    format!("{} db {}", info.addr(), info.redis_settings().db())
                }
                Topology::Sentinel {
                    sentinels,
                    name,
                    node,
                    tls,
                } => {
                    let sentinels: Vec<_> = sentinels
                        .iter()
                        .map(|s| {
                            format!(
                                "{}@{}",
                                s.redis_settings().password().unwrap_or("-"),
                                s.addr()
                            )
                        })
                        .collect();
                    let user = node.username().unwrap_or("-");
                    format!(
                        "{name} db {} user {user} tls {tls} by {}",
                        node.db(),
                        sentinels.join(" ")
                    )
                }
                Topology::Cluster(nodes) => nodes
                    .iter()
                    .map(|n| n.addr().to_string())
                    .collect::<Vec<_>>()
                    .join(" "),
            },
        )
    }

    #[test]
    fn each_form_is_understood() {
        assert_eq!(shown("redis://127.0.0.1:7000/3"), "127.0.0.1:7000 db 3");
        assert_eq!(shown("redis+unix:///tmp/x.sock"), "/tmp/x.sock db 0");
        assert_eq!(
            shown("redis+sentinel://u:p@a:1,b/main/2?sentinel_user=s&sentinel_password=t"),
            "main db 2 user u tls false by t@a:1 t@b:26379"
        );
        assert_eq!(
            shown("rediss+sentinel://a/main"),
            "main db 0 user - tls true by -@a:26379"
        );
        assert_eq!(shown("redis+cluster://u:p@a:1,b"), "a:1 b:6379");
    }

    #[test]
    fn what_is_missing_is_named_and_no_password_shown() {
        assert!(shown("redis+sentinel://a:1").contains("name the primary"));
        assert!(shown("redis+cluster://").contains("no host"));
        for url in [
            "redis+nonsense://u:secret@a",
            "http://u:secret@a",
            "redis://u:secret@a:port",
        ] {
            let text = shown(url);
            assert!(!text.contains("secret") && !text.contains("db"), "{text}");
        }
    }
}
