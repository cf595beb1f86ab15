//! The SQL of lists of messages, and of how many there were.

use chassis::days::Range;
use chassis::db::{Result, Select, Session, Sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Channel, Message, State};
use crate::transport::Provider;

/// Which messages to list. Unset fields do not narrow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) channel: Option<Channel>,
    pub(crate) recipient: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) template: Option<String>,
    pub(crate) provider: Option<Provider>,
}

impl Filter {
    fn select(&self) -> Select {
        let mut list = Select::from("messages");
        list.equal("channel", self.channel).equal("state", self.state);
        list.equal("order_id", self.order_id).equal("user_id", self.user_id);
        list.equal("template", self.template.clone()).equal("provider", self.provider);
        if let Some(recipient) = &self.recipient {
            let recipient = list.bind(recipient.clone());
            list.filter(format!("lower(recipient) = lower({recipient})"));
        }
        list
    }
}

/// Lists messages before the last one seen, newest first, without the first `skip`.
pub(crate) async fn list(
    db: impl Session<'_>,
    filter: &Filter,
    (before, skip): (Option<(DateTime<Utc>, Uuid)>, i64),
    limit: i64,
) -> Result<Vec<Message>> {
    let mut list = filter.select();
    if let Some((at, id)) = before {
        let (at, id) = (list.bind(at), list.bind(id));
        list.filter(format!("(created_at, id) < ({at}, {id})"));
    }
    list.order("created_at DESC, id DESC").limit(limit).skip(skip);
    list.records::<Message>(db, "").all().await
}

pub(crate) async fn count(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    filter.select().count(db).await
}

/// How many messages of a day are in a state.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
pub(crate) struct DayCount {
    /// In UTC: `2026-01-31`.
    pub(crate) day: String,
    pub(crate) channel: Channel,
    pub(crate) state: State,
    pub(crate) count: i64,
}

/// What became of the messages of each day there were any.
pub(crate) async fn count_by_day(db: impl Session<'_>, range: Range) -> Result<Vec<DayCount>> {
    const COUNT: Sql = Sql {
        sqlite: "SELECT substr(created_at, 1, 10) AS day, channel, state, COUNT(*) AS count
                 FROM messages WHERE created_at >= $1 AND created_at < $2
                 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        postgres: "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, channel,
                          state, COUNT(*) AS count
                   FROM messages WHERE created_at >= $1 AND created_at < $2
                   GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    };
    db.query(COUNT).bind(range.start()).bind(range.end()).all().await
}
