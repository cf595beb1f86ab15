//! The SQL of lists of messages.

use chassis::db::{Result, Select, Session};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{Channel, Message, State};

/// Which messages to list. Unset fields do not narrow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) channel: Option<Channel>,
    pub(crate) recipient: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) template: Option<String>,
}

impl Filter {
    fn select(&self) -> Select {
        let mut list = Select::from("messages");
        list.equal("channel", self.channel).equal("state", self.state);
        list.equal("order_id", self.order_id).equal("template", self.template.clone());
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
