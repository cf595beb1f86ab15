use http::HeaderMap;
use serde_json::json;

use super::super::operation::Way;
use super::*;
use crate::message::Query;

fn operations(text: &str) -> Vec<Operation> {
    let table: toml::Table = format!("list = [{text}]").parse().unwrap();
    let list = table["list"].as_array().unwrap();
    let read = |it: &toml::Value| {
        let groups = r#"product = [{move="title", to="name"}, {convert="price", from="money", to="decimal"}, {keep=["name", "price", "tags"]}, {move="tags.*.t", to="tags"}]
            order = [{use="product", at="lines.*.product"}]"#;
        let groups = groups.parse::<toml::Table>().unwrap().try_into().unwrap();
        Operation::read(it.as_table().unwrap().clone(), Way::Request, &groups).unwrap()
    };
    list.iter().map(read).collect()
}

fn message(body: Value) -> Message {
    let mut headers = HeaderMap::new();
    headers.insert("x-tag", "t".parse().unwrap());
    Message {
        body,
        query: Query::parse("user_id=7&size=&name=a%20b"),
        headers,
        path: vec![("id".to_owned(), "9".to_owned())],
        ..Message::default()
    }
}

fn done(text: &str, body: Value) -> Result<Message, Misfit> {
    let mut message = message(body);
    apply(&operations(text), &mut message, &Currency::default())?;
    Ok(message)
}

fn body(text: &str, body: Value) -> Value {
    done(text, body).unwrap_or_else(|it| panic!("{text}: {it:?}")).body
}

#[test]
fn every_operation_does_what_its_example_says() {
    for (text, before, after) in [
        // Rename, nest, flatten, wrap, unwrap, pick.
        (r#"{move="title", to="name"}"#, json!({"title": 1, "b": 2}), json!({"name": 1, "b": 2})),
        (r#"{move="title", to="name"}"#, json!({"b": 2}), json!({"b": 2})),
        (
            r#"{move="city", to="address.city"}"#,
            json!({"city": 1}),
            json!({"address": {"city": 1}}),
        ),
        (
            r#"{move="price", to="price.amount"}"#,
            json!({"price": 1}),
            json!({"price": {"amount": 1}}),
        ),
        (
            r#"{move="price.amount", to="price"}"#,
            json!({"price": {"amount": 1, "x": 2}}),
            json!({"price": 1}),
        ),
        (r#"{move=".", to="items"}"#, json!([1]), json!({"items": [1]})),
        (r#"{move="items", to="."}"#, json!({"items": [1], "total": 1}), json!([1])),
        (
            r#"{move="a.*.x", to="a.*.y"}"#,
            json!({"a": [{"x": 1}, {}, {"x": 3}]}),
            json!({"a": [{"y": 1}, {}, {"y": 3}]}),
        ),
        (r#"{move="a.*", to="a.*.y"}"#, json!({"a": [1, 2]}), json!({"a": [{"y": 1}, {"y": 2}]})),
        (r#"{move="a.*.y", to="a.*"}"#, json!({"a": [{"y": 1}, {"y": 2}]}), json!({"a": [1, 2]})),
        (
            r#"{move="a.*.x", to="all"}"#,
            json!({"a": [{"x": 1}, {"x": 2}]}),
            json!({"a": [{}, {}], "all": [1, 2]}),
        ),
        (r#"{move="a.*.x", to="all"}"#, json!({"a": []}), json!({"a": [], "all": []})),
        (r#"{move="a.*.x", to="all"}"#, json!({"b": 1}), json!({"b": 1})),
        (
            r#"{move="c", to="a.*.c"}"#,
            json!({"a": [{}, {}], "c": 1}),
            json!({"a": [{"c": 1}, {"c": 1}]}),
        ),
        (
            r#"{copy="variants.0.sku", to="sku"}"#,
            json!({"variants": [{"sku": "A"}]}),
            json!({"variants": [{"sku": "A"}], "sku": "A"}),
        ),
        (
            r#"{move="sku", to="variants.0.sku"}, {move="price", to="variants.0.price"}"#,
            json!({"sku": "A", "price": 1}),
            json!({"variants": [{"sku": "A", "price": 1}]}),
        ),
        (
            r#"{copy="items.*.variants.0.sku", to="items.*.sku"}"#,
            json!({"items": [{"variants": []}, {"variants": [{"sku": "B"}]}]}),
            json!({"items": [{"variants": []}, {"variants": [{"sku": "B"}], "sku": "B"}]}),
        ),
        // Between the parts of a message.
        (r#"{move="query:user_id", to="user.id"}"#, json!(null), json!({"user": {"id": "7"}})),
        (r#"{copy="path:id", to="product_id"}"#, json!({}), json!({"product_id": "9"})),
        (r#"{copy="header:x-tag", to="tag"}"#, json!({}), json!({"tag": "t"})),
        (r#"{copy="query:size", to="size"}"#, json!({}), json!({})),
        // Drop and keep.
        (r#"{drop="a.*.x"}"#, json!({"a": [{"x": 1, "y": 2}]}), json!({"a": [{"y": 2}]})),
        (r#"{drop=["a", "b.0", "c"]}"#, json!({"a": 1, "b": [1, 2]}), json!({"b": [2]})),
        (r#"{drop="b.*"}"#, json!({"b": [1, 2]}), json!({"b": []})),
        (r#"{keep=["a"]}"#, json!({"a": 1, "b": 2}), json!({"a": 1})),
        (
            r#"{keep=["a"], at="l.*"}"#,
            json!({"l": [{"a": 1, "b": 2}, {"b": 1}]}),
            json!({"l": [{"a": 1}, {}]}),
        ),
        // Set, default, generate.
        (r#"{set="a", value={b=[1, "x", true]}}"#, json!({}), json!({"a": {"b": [1, "x", true]}})),
        (r#"{set="a"}"#, json!({}), json!({"a": null})),
        (
            r#"{set="l.*.a", value=1}"#,
            json!({"l": [{}, {"a": 2}]}),
            json!({"l": [{"a": 1}, {"a": 1}]}),
        ),
        (r#"{default="a", value=1}"#, json!({"a": null}), json!({"a": 1})),
        (r#"{default="a", value=1}"#, json!({"a": false}), json!({"a": false})),
        (
            r#"{default="l.*.a", value=1}"#,
            json!({"l": [{}, {"a": 2}]}),
            json!({"l": [{"a": 1}, {"a": 2}]}),
        ),
        (r#"{default="l.*.a", value=1}"#, json!({}), json!({})),
        // Words and money.
        (
            r#"{map="s", values={active=true, draft=false}}"#,
            json!({"s": "active"}),
            json!({"s": true}),
        ),
        (
            r#"{map="s", values={true="active"}, else="archived"}"#,
            json!({"s": false}),
            json!({"s": "archived"}),
        ),
        (r#"{map="s", values={active=true}}"#, json!({"s": null}), json!({"s": null})),
        (
            r#"{convert="i.*.price", from="decimal", to="money"}"#,
            json!({"i": [{"price": "19.99"}, {}]}),
            json!({"i": [{"price": {"amount": 1999, "currency": "USD"}}, {}]}),
        ),
        (
            r#"{convert="price", from="money", to="number"}"#,
            json!({"price": {"amount": 1999, "currency": "USD"}}),
            json!({"price": 19.99}),
        ),
        (
            r#"{default="name", from="username"}"#,
            json!({"username": "x"}),
            json!({"username": "x", "name": "x"}),
        ),
        (
            r#"{default="name", from="username"}"#,
            json!({"name": "y", "username": "x"}),
            json!({"username": "x", "name": "y"}),
        ),
        (
            r#"{default="l.*.a", from="l.*.b"}"#,
            json!({"l": [{"b": 1}, {}, {"a": 2, "b": 3}]}),
            json!({"l": [{"a": 1, "b": 1}, {}, {"a": 2, "b": 3}]}),
        ),
        (r#"{default="a"}"#, json!({}), json!({"a": null})),
        // Groups.
        (r#"{use="product"}"#, json!({"title": "x", "b": 1}), json!({"name": "x"})),
        (
            r#"{use="product", at="items.*"}"#,
            json!({"items": [{"title": "x", "b": 1, "tags": [{"t": 1}]}, null, {}]}),
            json!({"items": [{"name": "x", "tags": [1]}, null, {}]}),
        ),
        (
            r#"{use="order"}"#,
            json!({"lines": [{"product": {"title": "x"}}]}),
            json!({"lines": [{"product": {"name": "x"}}]}),
        ),
        // The rest.
        (r#"{flatten="user"}"#, json!({"a": 1, "user": {"a": 2, "b": 3}}), json!({"a": 2, "b": 3})),
        (
            r#"{flatten="l.*.user"}"#,
            json!({"l": [{"user": {"b": 3}}, {"c": 1}]}),
            json!({"l": [{"b": 3}, {"c": 1}]}),
        ),
        (
            r#"{text="{first} {last}", to="name"}"#,
            json!({"first": "A", "last": 1}),
            json!({"first": "A", "last": 1, "name": "A 1"}),
        ),
        (r#"{text="{first} {last}", to="name"}"#, json!({"first": "A"}), json!({"first": "A"})),
        (
            r#"{text="/products/{path:id}?{query:name}", to="url"}"#,
            json!({}),
            json!({"url": "/products/9?a b"}),
        ),
        (
            r#"{count="items", to="count"}"#,
            json!({"items": [1, 2]}),
            json!({"items": [1, 2], "count": 2}),
        ),
        (
            r#"{count="a.*.x", to="count"}"#,
            json!({"a": [{"x": 1}, {}]}),
            json!({"a": [{"x": 1}, {}], "count": 1}),
        ),
        (r#"{count="items", to="count"}"#, json!({}), json!({})),
        (r#"{require=["a", "query:user_id"]}"#, json!({"a": 1}), json!({"a": 1})),
    ] {
        assert_eq!(body(text, before), after, "{text}");
    }
}

#[test]
fn queries_headers_and_parameters_are_changed_too() {
    let text = r#"{move="query:user_id", to="query:owner"}, {set="query:limit", value=5},
        {drop="query:size"}, {set="path:id", value="me"}, {move="header:x-tag", to="header:tag"},
        {generate="header:idempotency-key"}, {convert="query:name", to="upper"}"#;
    let message = done(text, json!(null)).unwrap();
    assert_eq!(message.query.encode(), "owner=7&limit=5&name=A+B");
    assert!(message.query.changed);
    assert_eq!(message.path, [("id".to_owned(), "me".to_owned())]);
    assert_eq!(message.headers["tag"], "t");
    assert!(!message.headers.contains_key("x-tag"));
    let key = message.headers["idempotency-key"].to_str().unwrap();
    assert!(Uuid::parse_str(key).is_ok());
    assert_eq!(message.body, Value::Null);
}

#[test]
fn a_key_that_is_there_is_kept() {
    let mut message = message(json!(null));
    message.headers.insert("idempotency-key", "mine".parse().unwrap());
    let list = operations(r#"{generate="header:idempotency-key"}"#);
    apply(&list, &mut message, &Currency::default()).unwrap();
    assert_eq!(message.headers["idempotency-key"], "mine");
    assert!(!message.query.changed);
}

#[test]
fn what_does_not_fit_is_named() {
    for (text, before, field, detail) in [
        (r#"{move="a.b", to="c"}"#, json!({"a": 1}), "a", "an object"),
        (r#"{move="a.*", to="c.*"}"#, json!({"a": 1}), "a", "a list"),
        (r#"{move="a", to="b.c"}"#, json!({"a": 1, "b": 2}), "b", "an object"),
        (r#"{move="a", to="b.3"}"#, json!({"a": 1, "b": []}), "b", "none can be put at 3"),
        (r#"{move="a", to="query:a"}"#, json!({"a": {}}), "a", "a text"),
        (r#"{move="a", to="header:a"}"#, json!({"a": "\n"}), "a", "no header may have"),
        (r#"{keep=["a"]}"#, json!([1]), "body", "an object"),
        (r#"{keep=["a"], at="l.*"}"#, json!({"l": [{}, 1]}), "l[1]", "an object"),
        (r#"{map="s", values={a=1, b=2}}"#, json!({"s": "c"}), "s", "one of a, b"),
        (r#"{map="l.*.s", values={a=1}}"#, json!({"l": [{"s": {}}]}), "l[0].s", "one of a"),
        (
            r#"{convert="l.*.p", from="decimal", to="minor"}"#,
            json!({"l": [{"p": "x"}]}),
            "l[0].p",
            "19.99",
        ),
        (r#"{flatten="u"}"#, json!({"u": 1}), "u", "an object"),
        (r#"{text="{a}", to="b"}"#, json!({"a": []}), "a", "a text"),
        (r#"{count="a", to="b"}"#, json!({"a": 1}), "a", "a list"),
        (r#"{require="a"}"#, json!({"a": null}), "a", "required"),
        (r#"{require="l.*.a"}"#, json!({"l": [{"a": 1}, {}]}), "l[1].a", "required"),
        (
            r#"{use="product", at="l.*"}"#,
            json!({"l": [{}, {"price": {"amount": "x"}}]}),
            "l[1].price",
            "1999",
        ),
        (r#"{use="product", at="l.*"}"#, json!({"l": [7]}), "l[0]", "an object"),
        (r#"{require="query:size"}"#, json!({}), "size", "required"),
    ] {
        let misfit = done(text, before).err().unwrap_or_else(|| panic!("{text} fits"));
        assert_eq!(misfit.field, field, "{text}");
        assert!(misfit.detail.contains(detail), "{text}: {}", misfit.detail);
    }
}

/// Every operation on bodies of every shape: it fits or it does not, and nothing else.
#[test]
fn no_body_is_too_strange() {
    let bodies = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5e300),
        json!(""),
        json!("text"),
        json!([]),
        json!([[]]),
        json!([null, 1, "x", {}]),
        json!({}),
        json!({"a": null}),
        json!({"a": []}),
        json!({"a": {}}),
        json!({"a": [[[]]]}),
        json!({"a": [{"b": {"c": "x"}}, null, 7]}),
        json!({"a": {"b": [1, {"c": []}]}}),
        json!({"a": "1,2", "b": {"amount": "x", "currency": 7}}),
    ];
    let places = [".", "a", "a.b", "a.*", "a.*.b", "a.0", "a.1.b", "a.*.b.c", "b", "*", "*.a"];
    let mut tried = 0;
    for place in places {
        for to in places {
            let list = [
                format!("{{move='{place}', to='{to}'}}"),
                format!("{{copy='{place}', to='{to}'}}"),
                format!("{{count='{place}', to='{to}'}}"),
                format!("{{text='<{{{place}}}>', to='{to}'}}"),
                format!("{{drop=['{place}', '{to}']}}"),
                format!("{{keep=['a', 'b'], at='{place}'}}"),
                format!("{{set='{place}', value=[1]}}"),
                format!("{{default='{place}', value={{}}}}"),
                format!("{{generate='{place}'}}"),
                format!("{{map='{place}', values={{x=1}}}}"),
                format!("{{convert='{place}', from='money', to='decimal'}}"),
                format!("{{convert='{place}', from='decimal', to='money'}}"),
                format!("{{convert='{place}', to='list'}}"),
                format!("{{flatten='{place}'}}"),
                format!("{{require='{place}'}}"),
            ];
            for text in list {
                let table: toml::Table = format!("op = {text}").parse().unwrap();
                let table = table["op"].as_table().unwrap().clone();
                let Ok(operation) = Operation::read(table, Way::Request, &Default::default())
                else {
                    continue;
                };
                for body in &bodies {
                    let mut message = message(body.clone());
                    if let Err(misfit) = operation.apply(&mut message, &Currency::default()) {
                        assert!(!misfit.field.is_empty() && !misfit.detail.is_empty());
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}
