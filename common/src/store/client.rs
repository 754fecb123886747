//! The store as one process sees it: bounded connections and bounded waiting.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use deadpool_redis::{Manager, Pool, PoolError, Runtime};
use futures::{StreamExt, TryStreamExt, stream};
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation, Value};

use super::{
    StoreError,
    error::is_demoted,
    link::{Borrowed, LinkManager, LinkPool, Pooled, Source, Warm, node_config, url::Topology},
    script::Scripts,
    writable::Writable,
};

/// Commands for different slots of a cluster that are under way at once.
const SPREAD_MAX: usize = 16;

/// How to reach Redis.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// See the forms in `link/url.rs`; may hold a password, so it is never logged.
    pub url: String,
    /// Connections of one process at most.
    pub connections_max: usize,
    /// For connecting, for waiting for a connection, and for each command.
    pub timeout: Duration,
    /// A new epoch on every server that may lack writes; only tests do without.
    pub new_epochs: bool,
}

/// The shared state, as seen by one process. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: LinkPool,
    warm: Arc<Warm>,
    /// For connections that are not pooled.
    source: Arc<Source>,
    scripts: Arc<Scripts>,
    writable: Arc<Writable>,
    timeout: Duration,
}

impl Store {
    /// Prepares connections; none is made before the first use, so that a service starts while
    /// Redis is away.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        install_tls();
        let topology = Topology::parse(&config.url)?;
        let source = Source::new(&topology, config.timeout)?;
        let pool = match &topology {
            Topology::Single(info) => {
                let manager = Manager::new_with_config(info.clone(), node_config(config.timeout))?;
                let pool = Pool::builder(manager).max_size(config.connections_max);
                LinkPool::Single(pool.runtime(Runtime::Tokio1).build().map_err(unavailable)?)
            }
            Topology::Sentinel { .. } | Topology::Cluster(_) => {
                let manager = LinkManager {
                    source: Source::new(&topology, config.timeout)?,
                    timeout: config.timeout,
                };
                let pool =
                    deadpool::managed::Pool::builder(manager).max_size(config.connections_max);
                LinkPool::Routed(pool.runtime(Runtime::Tokio1).build().map_err(unavailable)?)
            }
        };
        Ok(Self {
            pool,
            warm: Arc::new(Warm::new(config.connections_max)),
            source: Arc::new(source),
            scripts: Arc::new(Scripts::new(config.new_epochs)),
            writable: Arc::default(),
            timeout: config.timeout,
        })
    }

    /// Whether Redis answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.command::<Value>(&redis::cmd("PING")).await?;
        Ok(())
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn scripts(&self) -> &Scripts {
        &self.scripts
    }

    pub(super) fn writable(&self) -> &Writable {
        &self.writable
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether keys are spread over servers by their slots, and channels with them.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(*self.source, Source::Cluster(..))
    }

    /// The command that publishes to the subscribers of a channel.
    pub(super) fn publish_command(&self) -> &'static str {
        if self.is_cluster() {
            "SPUBLISH"
        } else {
            "PUBLISH"
        }
    }

    /// Runs one command, which does no harm when it runs twice.
    pub(super) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let run = async |link: &mut Pooled| command.query_async(link).await;
        if let Some(answer) = self.try_warm(run).await {
            return answer;
        }
        let mut connection = self.connection().await?;
        let answer = self.in_time(command.query_async(connection.link())).await;
        finish(connection, answer)
    }

    /// Runs a script that only reads, or does no harm when it runs twice.
    pub(super) async fn query<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let run = async |link: &mut Pooled| script.invoke_async(link).await;
        if let Some(answer) = self.try_warm(run).await {
            return answer;
        }
        self.invoke(script).await
    }

    /// Tries it on a connection that was used a moment ago, if there is one. Nothing when that has died
    /// since, and all others of its age are taken to have died with it.
    async fn try_warm<T>(
        &self,
        run: impl AsyncFnOnce(&mut Pooled) -> RedisResult<T>,
    ) -> Option<Result<T, StoreError>> {
        let mut connection = self.warm.take()?;
        let answer = self.in_time(run(connection.link())).await;
        let died = answer
            .as_ref()
            .is_err_and(|e| e.is_io_error() && !e.is_timeout());
        let answer = finish(connection, answer);
        if died {
            self.warm.forget();
            return None;
        }
        Some(answer)
    }

    /// Reads keys of one event at one instant; the server's clock, in ms since 1970, comes last.
    pub(super) async fn read_at_once(
        &self,
        reads: &[(&str, String)],
    ) -> Result<(Vec<Value>, i64), StoreError> {
        let mut invocation = self.scripts().read.prepare_invoke();
        for (command, key) in reads {
            invocation.key(key).arg(*command);
        }
        let mut answers: Vec<Value> = self.query(&invocation).await?;
        let clock = answers.pop().unwrap_or(Value::Nil);
        if answers.len() != reads.len() {
            return Err(StoreError::corrupt("an answer is missing"));
        }
        let (seconds, micros): (i64, i64) = redis::from_redis_value(clock)?;
        Ok((answers, seconds * 1000 + micros / 1000))
    }

    /// Runs one command for each of many events, and gives the answers in their order.
    pub(super) async fn query_each<T: FromRedisValue + Send>(
        &self,
        commands: Vec<Cmd>,
    ) -> Result<Vec<T>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        if !self.is_cluster() {
            let mut pipe = Pipeline::with_capacity(commands.len());
            for command in commands {
                pipe.add_command(command);
            }
            let mut connection = self.connection().await?;
            let answers = self.in_time(pipe.query_async(connection.link())).await;
            return finish(connection, answers);
        }
        let one = |command: Cmd| async move { self.command(&command).await };
        stream::iter(commands)
            .map(one)
            .buffered(SPREAD_MAX)
            .try_collect()
            .await
    }

    /// Runs a script once. Callers have read just before, so a connection that has answered then is taken
    /// to be alive.
    pub(super) async fn invoke<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let mut connection = match self.warm.take() {
            Some(warm) => warm,
            None => self.connection().await?,
        };
        let answer = self.in_time(script.invoke_async(connection.link())).await;
        finish(connection, answer)
    }

    /// A connection that the pool has looked at.
    pub(super) async fn connection(&self) -> Result<Borrowed, StoreError> {
        // One bound for all of it: a pool that looks at each of its dead connections in turn, with a
        // time-out for each, would hang its caller for their sum.
        let got = async {
            Ok(match &self.pool {
                LinkPool::Single(pool) => Pooled::Single(pool.get().await.map_err(pool_error)?),
                LinkPool::Routed(pool) => Pooled::Routed(pool.get().await.map_err(pool_error)?),
            })
        };
        let waiting = self.warm.wait();
        let got = tokio::time::timeout(self.timeout, got).await;
        drop(waiting);
        let got = got.unwrap_or_else(|_| Err(unavailable("no connection in time")));
        got.map(|link| self.warm.lend(link))
    }

    async fn in_time<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let answer = tokio::time::timeout(self.timeout, answer).await;
        answer.unwrap_or_else(|_| {
            let elapsed = std::io::Error::from(std::io::ErrorKind::TimedOut);
            Err(RedisError::from(elapsed))
        })
    }
}

/// The process speaks TLS with the provider that we link; a second call changes nothing.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Somebody in the same process may have chosen one before.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn unavailable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn pool_error(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => error.into(),
        other => unavailable(other),
    }
}

fn finish<T>(connection: Borrowed, answer: RedisResult<T>) -> Result<T, StoreError> {
    match answer {
        Ok(answer) => {
            connection.answered();
            Ok(answer)
        }
        Err(error) => {
            // A late answer must not reach the next user, and a demoted primary none at all.
            if is_demoted(&error) || error.is_timeout() || error.is_io_error() {
                connection.discard();
            } else {
                connection.answered();
            }
            Err(error.into())
        }
    }
}
