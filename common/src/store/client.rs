//! Connections to Redis.

use std::time::Duration;

use deadpool_redis::{
    Connection, Manager, Pool, PoolError, Runtime,
    redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion},
};
use redis::{FromRedisValue, Pipeline, RedisResult, ScriptInvocation};

use super::{StoreError, error::is_demoted};

/// How to reach Redis.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `redis://…`; may hold a password, so it is never logged.
    pub url: String,
    /// Connections of one process at most.
    pub connections_max: usize,
    /// For connecting and for each command.
    pub timeout: Duration,
}

/// The shared state, as seen by one process. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    client: Client,
    timeout: Duration,
}

impl Store {
    /// Prepares connections; none is made before the first use, so that a service starts while
    /// Redis is away.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        let info = config.url.as_str().into_connection_info()?;
        let settings = info.redis_settings().clone();
        let info = info.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3));
        let connection = Self::connection_config(config.timeout);
        let manager = Manager::new_with_config(info.clone(), connection)?;
        let pool = Pool::builder(manager)
            .max_size(config.connections_max)
            .wait_timeout(Some(config.timeout))
            .create_timeout(Some(config.timeout))
            .recycle_timeout(Some(config.timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            pool,
            client: Client::open(info)?,
            timeout: config.timeout,
        })
    }

    /// Whether Redis answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.query::<()>(redis::pipe().cmd("PING").ignore()).await
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn connection_config(timeout: Duration) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout))
    }

    /// Runs a pipeline on a pooled connection.
    pub(super) async fn query<T: FromRedisValue>(&self, pipe: &Pipeline) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let answer = pipe.query_async(&mut connection).await;
        finish(connection, answer)
    }

    /// Runs a script on a pooled connection.
    pub(super) async fn invoke<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let answer = script.invoke_async(&mut connection).await;
        finish(connection, answer)
    }

    async fn connection(&self) -> Result<Connection, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error.into(),
            other => StoreError::Unavailable(other.to_string()),
        })
    }
}

fn finish<T>(connection: Connection, answer: RedisResult<T>) -> Result<T, StoreError> {
    answer.map_err(|error| {
        if is_demoted(&error) {
            drop(Connection::take(connection));
        }
        error.into()
    })
}
