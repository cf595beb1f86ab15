//! Two people edit the same product while customers buy it.

use chassis::testing::on;
use serde_json::{Value, json};

use crate::client::{Http, Reply};
use crate::load::{Load, buying};
use crate::shop::{Shape, eventually_answers};

const PATH: &str = "/products/product-lamp-1";

fn tag(reply: &Reply) -> String {
    reply.headers["etag"].to_str().expect("a tag").to_owned()
}

async fn read(admin: &Http, accept: &str) -> Reply {
    let reply = admin.get(PATH).header("accept-encoding", accept).await;
    assert_eq!(reply.status, 200);
    let coding = reply.headers.get("content-encoding").map(|it| it.to_str().expect("a word"));
    assert_eq!(coding, Some(accept).filter(|it| *it != "identity"));
    reply
}

async fn describe(admin: &Http, tag: &str, description: &str) -> Reply {
    let body = json!({ "description": description });
    let call = admin.call("PATCH", PATH).header("accept-encoding", "gzip").header("if-match", tag);
    call.json(body).await
}

/// What a product that is large enough to be compressed says.
fn text(of: usize) -> String {
    format!("<p>{of} {}</p>", "soft and warm ".repeat(200))
}

#[on(sqlite, postgres, apart)]
async fn two_editors_beside_a_storm_of_checkouts_undo_nothing_of_one_another(shape: Shape) {
    let place = shape.place().await;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 100_000).await;
    let admin = shop.admin().await;
    let first = admin.call("PATCH", PATH).json(json!({ "description": text(0) })).await;
    let mut version = first.expect(200)["version"].as_i64().expect("a version");
    let load = Load::start(3, buying(&shop.http));
    for round in 1..=6 {
        // Whatever the answer was packed in, it can be written by.
        let tags = [
            tag(&read(&admin, "gzip").await),
            tag(&read(&admin, "br").await),
            tag(&read(&admin, "identity").await),
        ];
        let named = ["-gzip", "-br", ""].map(|coding| {
            let tag = format!("\"{version}{coding}\"");
            if coding.is_empty() { tag } else { format!("W/{tag}") }
        });
        assert_eq!(tags, named, "no sale changes it");
        load.goes_on(5).await;
        let [one, other] = [&tags[round % 3], &tags[(round + 1) % 3]];
        let (ours, theirs) = (text(round), text(round + 100));
        let (ours, theirs) =
            tokio::join!(describe(&admin, one, &ours), describe(&admin, other, &theirs),);
        let (won, lost) = if ours.status == 200 { (ours, theirs) } else { (theirs, ours) };
        version += 1;
        assert_eq!(won.status, 200, "{won:?}");
        assert_eq!(tag(&won), format!("W/\"{version}-gzip\""));
        let problem = lost.expect(412);
        assert_eq!(problem["code"], "precondition_failed");
        assert_eq!(problem["version"], version);
        assert_eq!(problem["changed"], json!(["description"]));
        // A tag that was weak already when the gateway saw it is none to write by.
        let weak = describe(&admin, &format!("W/\"{version}\""), "No").await;
        assert_eq!(weak.expect(412)["version"], version);
    }
    assert!(load.stop().await > 0);
    let sold = async || admin.get(PATH).await.expect(200);
    let sold = eventually_answers(sold, |it: &Value| it["sold"].as_i64() > Some(0)).await;
    assert_eq!(sold["version"], version, "the demand was counted, and it is the version it was");
    shop.check().await;
    shop.stop().await;
}
