//! How long answers take, for whoever asks and in the server.

use std::time::{Duration, Instant};

use reqwest::RequestBuilder;

use super::{system::anywhere, table::row};
use crate::{
    Api, RedisServer, User, metrics::metric, process::Process, ready, servers::own_address,
};

/// Between two requests; the booth pushes a tenth of a second apart at most.
const PAUSE: Duration = Duration::from_millis(50);

/// Times that were taken.
#[derive(Default)]
pub struct Timed {
    /// Each of them.
    pub took: Vec<Duration>,
}

impl Timed {
    /// A quantile, in ms.
    ///
    /// # Panics
    ///
    /// When nothing was timed.
    pub fn ms(&self, quantile: f64) -> String {
        let mut took = self.took.clone();
        took.sort();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index into few samples"
        )]
        let index = ((took.len() - 1) as f64 * quantile) as usize;
        format!("{:.2}", took[index].as_secs_f64() * 1000.0)
    }
}

/// An ingest process and a gateway with a Redis of their own, on whichever core is free.
pub struct Services {
    /// The ingest process.
    pub ingest: Service,
    /// The gateway.
    pub gateway: Service,
    /// Their Redis.
    pub redis: RedisServer,
}

/// One of them.
pub struct Service {
    /// Where it listens.
    pub address: String,
    /// Its process.
    pub process: Process,
    metrics: String,
}

impl Service {
    fn start(name: &str, more: &str, redis_url: &str) -> Self {
        let own = own_address();
        let (address, metrics) = (format!("{own}:8080"), format!("{own}:9090"));
        let args = [
            format!("--listen={address}"),
            format!("--metrics-listen={metrics}"),
            more.to_owned(),
        ];
        Self {
            process: anywhere(name, &args, redis_url),
            address,
            metrics,
        }
    }

    /// Its API.
    pub fn api(&self) -> Api {
        Api::new(&format!("http://{}", self.address))
    }

    /// Times requests for one route one after the other, and prints a row.
    ///
    /// # Panics
    ///
    /// When one is refused.
    pub async fn time(
        &self,
        what: &str,
        route: &str,
        count: usize,
        request: impl Fn(usize) -> RequestBuilder,
    ) {
        let api = self.api();
        let before = self.served(route).await;
        let mut timed = Timed::default();
        for number in 0..count {
            let request = request(number);
            let started = Instant::now();
            let answer = api.send(request).await;
            timed.took.push(started.elapsed());
            let is_good = answer.status.is_success() || answer.status == 304;
            assert!(is_good, "{}", answer.body);
            tokio::time::sleep(PAUSE).await;
        }
        let after = self.served(route).await;
        let mean = (after.0 - before.0) * 1000.0 / (after.1 - before.1);
        let mean = format!("{mean:.2}");
        row(&[&what, &timed.ms(0.5), &timed.ms(0.99), &mean]);
    }

    /// Seconds and number of the requests for a route that it has answered.
    async fn served(&self, route: &str) -> (f64, f64) {
        let of = async |what: &str| {
            let name = format!("http_request_seconds_{what}{{route=\"/api/v1{route}\"}}");
            metric(&self.metrics, &name).await.unwrap_or_default()
        };
        (of("sum").await, of("count").await)
    }
}

impl Services {
    /// Starts them.
    pub async fn start() -> Self {
        let redis = RedisServer::start().await;
        let ingest = Service::start("ingest-svc", "--dev-mode", &redis.url_of(User::Ingest));
        let gateway = Service::start(
            "gateway-svc",
            "--max-connections-per-event=1000",
            &redis.url_of(User::Gateway),
        );
        ready(&ingest.address).await;
        ready(&gateway.address).await;
        Self {
            ingest,
            gateway,
            redis,
        }
    }

    /// Times one value written to their Redis and synced to disk: a push does that too, whatever else it
    /// does.
    ///
    /// # Panics
    ///
    /// When it can't be written.
    pub async fn time_bare_writes(&self, count: usize) -> Timed {
        let client = redis::Client::open(self.redis.url()).expect("a URL");
        let redis = client.get_multiplexed_async_connection().await;
        let mut redis = redis.expect("Redis answers");
        let mut timed = Timed::default();
        for number in 0..count {
            let started = Instant::now();
            let written: redis::RedisResult<()> = redis::cmd("SET")
                .arg("bare")
                .arg(number)
                .query_async(&mut redis)
                .await;
            timed.took.push(started.elapsed());
            written.expect("Redis writes");
            tokio::time::sleep(PAUSE).await;
        }
        timed
    }
}
