//! Which engines tests need, and which of them are left out.

use std::io::Write;

/// What a test may need besides the program itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Rabbitmq,
    Redis,
    Consul,
    Nginx,
    /// The scripted mail server in `services/notifications/tests/smtp-server`, which needs Node.
    Smtp,
}

/// What a test is about to run on, one of several.
pub trait Case {
    /// What must be there for it.
    fn needs(&self) -> &'static [Engine];
}

impl Case for Engine {
    fn needs(&self) -> &'static [Engine] {
        match self {
            Self::Postgres => &[Self::Postgres],
            Self::Rabbitmq => &[Self::Rabbitmq],
            Self::Redis => &[Self::Redis],
            Self::Consul => &[Self::Consul],
            Self::Nginx => &[Self::Nginx],
            Self::Smtp => &[Self::Smtp],
        }
    }
}

impl Engine {
    /// As `TEST_WITHOUT` and the names of cases have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Rabbitmq => "rabbitmq",
            Self::Redis => "redis",
            Self::Consul => "consul",
            Self::Nginx => "nginx",
            Self::Smtp => "smtp",
        }
    }

    /// What a test that does not find it fails with.
    pub fn missing(self, why: &str) -> String {
        let other = match self {
            Self::Postgres => "start one on this machine, name another in TEST_POSTGRES_URL",
            Self::Rabbitmq => "start one on this machine, name another in TEST_RABBITMQ_URL",
            Self::Redis => "start one on this machine, name another in TEST_REDIS_URL",
            Self::Consul => "fetch it with scripts/get-consul, name one in TEST_CONSUL",
            Self::Nginx => "install it",
            Self::Smtp => "run `npm ci` in services/notifications/tests/smtp-server",
        };
        let name = self.name();
        format!("no {name} for this test ({why}): {other}, or leave it out: TEST_WITHOUT={name}")
    }
}

/// Whether `TEST_WITHOUT`, a list with commas, names an engine that this case needs. Says so, also
/// in the file that `TEST_LEFT_OUT` names, where `make test` counts them.
pub fn is_left_out<C: Case>(case: &C) -> bool {
    let without = std::env::var("TEST_WITHOUT").unwrap_or_default();
    let Some(engine) = named(&without, case.needs()) else { return false };
    let name = engine.name();
    eprintln!("left out: it needs {name}, which TEST_WITHOUT names");
    if let Some(file) = std::env::var_os("TEST_LEFT_OUT") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
        let noted = file.and_then(|mut it| it.write_all(format!("{name}\n").as_bytes()));
        noted.expect("a file for what is left out");
    }
    true
}

fn named(without: &str, needs: &[Engine]) -> Option<Engine> {
    let is_named = |it: &Engine| without.split(',').any(|name| name.trim() == it.name());
    needs.iter().copied().find(is_named)
}

/// The URL of the RabbitMQ of tests: `TEST_RABBITMQ_URL`, else the one on this machine.
pub async fn rabbitmq_url() -> String {
    at_hand(Engine::Rabbitmq, "TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672", 5672).await
}

/// The URL of the Redis of tests: `TEST_REDIS_URL`, else the one on this machine.
pub async fn redis_url() -> String {
    at_hand(Engine::Redis, "TEST_REDIS_URL", "redis://127.0.0.1:6379", 6379).await
}

async fn at_hand(engine: Engine, variable: &str, local: &str, port: u16) -> String {
    if let Ok(url) = std::env::var(variable) {
        return url;
    }
    if let Err(error) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await {
        panic!("{}", engine.missing(&format!("{local}: {error}")));
    }
    local.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CHASSIS_ONLY, Database, databases, on};

    #[test]
    fn what_is_named_is_left_out_and_nothing_else() {
        let both = [Engine::Postgres, Engine::Redis];
        assert_eq!(named("", &both), None);
        assert_eq!(named("consul, redis", &both), Some(Engine::Redis));
        assert_eq!(named("redi,postgresql", &both), None);
        assert_eq!(named("postgres,redis", Database::Sqlite.needs()), None);
        assert_eq!(named("postgres,redis", Database::Postgres.needs()), Some(Engine::Postgres));
    }

    #[test]
    fn who_misses_an_engine_is_told_what_to_do() {
        let message = Engine::Redis.missing("refused");
        for told in ["redis", "refused", "TEST_REDIS_URL", "TEST_WITHOUT=redis"] {
            assert!(message.contains(told), "{message}");
        }
    }

    /// The name of the test that runs, as the runner has it.
    fn running() -> String {
        std::thread::current().name().unwrap_or_default().to_owned()
    }

    #[databases]
    async fn a_case_has_the_name_and_the_database_of_its_own(database: Database) {
        let platform = database.platform(CHASSIS_ONLY).await;
        let name = running();
        assert!(name.ends_with(&format!("_its_own::{}", platform.kind)), "{name}");
    }

    #[on(postgres)]
    async fn a_test_may_be_for_one_of_them(database: Database) {
        assert_eq!(database, Database::Postgres);
    }

    #[on(redis, flavor = "multi_thread", worker_threads = 2)]
    async fn a_test_may_just_need_an_engine() {
        let runtime = tokio::runtime::Handle::current();
        assert_eq!(runtime.runtime_flavor(), tokio::runtime::RuntimeFlavor::MultiThread);
    }
}
