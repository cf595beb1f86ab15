//! What Twilio's error codes mean for a message: <https://www.twilio.com/docs/api/errors>. There are
//! hundreds, and more to come; those not here are told apart by the status of the answer.

/// What an error code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The account has had as much as it may for now.
    Limited,
    /// The account or its token is not taken, or may not send.
    Account,
    /// The sender in the settings cannot be used.
    Sender,
    /// The number does not exist, or never gets text messages.
    NoSuchNumber,
    /// The recipient answered STOP.
    OptedOut,
    /// The phone or its network did not take it, which may pass.
    Unreachable,
    Other,
}

pub(super) fn meaning(code: i64) -> Meaning {
    match code {
        // Too many requests or messages: 14107 and 20429 of the API, 21611 and 30001 for a full queue,
        // 30022 and 30023 of carriers, 63038 of the account in a day.
        14107 | 20429 | 21611 | 30001 | 30022 | 30023 | 63038 => Meaning::Limited,
        // Authentication, suspended or closed, not permitted.
        20003 | 20005 | 20006 | 20008 | 30002 => Meaning::Account,
        // `From` or the messaging service is missing, not the account's, or cannot send texts; 21609 is
        // the callback's URL, made of shop.public_url.
        21212 | 21603 | 21609 | 21659 | 21660 | 21661 | 21701..=21705 | 30034 | 30035 => {
            Meaning::Sender
        }
        // Not a number, not a mobile one, a landline, a short code; unknown, a landline to the carrier.
        21211 | 21214 | 21217 | 21265 | 21614 | 21635 | 30005 | 30006 => Meaning::NoSuchNumber,
        21610 => Meaning::OptedOut,
        // Switched off or abroad, blocked by its owner or network.
        30003 | 30004 => Meaning::Unreachable,
        _ => Meaning::Other,
    }
}
