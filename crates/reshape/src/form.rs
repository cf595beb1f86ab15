//! Bodies that are no JSON, read as if they were: every field a text, a repeated one a list.

use chassis::problem::{Problem, Result};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What a route reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Json,
    /// `application/x-www-form-urlencoded`
    #[serde(rename = "form")]
    UrlEncoded,
    /// `multipart/form-data`, without files.
    Multipart,
}

/// Fields a form may have.
const MAX_FIELDS: usize = 1000;

/// Reads a body as one of `accepted`. No body is null.
pub fn read(headers: &HeaderMap, bytes: &[u8], accepted: &[Form]) -> Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|it| it != "identity") {
        return Err(unsupported("send the body without Content-Encoding"));
    }
    let whole = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (kind, rest) = whole.split_once(';').unwrap_or((whole, ""));
    let kind = kind.trim().to_ascii_lowercase();
    let form = match kind.as_str() {
        "application/json" => Some(Form::Json),
        "application/x-www-form-urlencoded" => Some(Form::UrlEncoded),
        "multipart/form-data" => Some(Form::Multipart),
        other if other.starts_with("application/") && other.ends_with("+json") => Some(Form::Json),
        _ => None,
    };
    match form.filter(|it| accepted.contains(it)) {
        Some(Form::Json) => chassis::extract::json(bytes),
        Some(Form::UrlEncoded) => fields(form_urlencoded::parse(bytes).into_owned()),
        Some(Form::Multipart) => {
            let boundary = boundary(rest).ok_or_else(|| malformed("there is no boundary"))?;
            fields(parts(bytes, boundary)?.into_iter())
        }
        None => {
            let kinds = accepted.iter().map(|it| match it {
                Form::Json => "application/json",
                Form::UrlEncoded => "application/x-www-form-urlencoded",
                Form::Multipart => "multipart/form-data",
            });
            let kinds: Vec<&str> = kinds.collect();
            Err(unsupported(format!("send the body as {}", kinds.join(" or "))))
        }
    }
}

fn fields(pairs: impl Iterator<Item = (String, String)>) -> Result<Value> {
    let mut fields: Map<String, Value> = Map::new();
    for (count, (name, value)) in pairs.enumerate() {
        if count == MAX_FIELDS {
            return Err(malformed("there are too many fields"));
        }
        match fields.get_mut(&name) {
            None => drop(fields.insert(name, value.into())),
            Some(Value::Array(values)) => values.push(value.into()),
            Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
        }
    }
    Ok(fields.into())
}

fn boundary(parameters: &str) -> Option<&str> {
    let value = parameter(parameters, "boundary")?;
    (1..=70).contains(&value.len()).then_some(value)
}

/// The value of a parameter of a header, without quotes.
fn parameter<'h>(parameters: &'h str, name: &str) -> Option<&'h str> {
    parameters.split(';').find_map(|it| {
        let (key, value) = it.split_once('=')?;
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(value);
        key.trim().eq_ignore_ascii_case(name).then_some(bare)
    })
}

/// The fields of a multipart body (RFC 7578), all of it in memory.
fn parts(bytes: &[u8], boundary: &str) -> Result<Vec<(String, String)>> {
    let delimiter = format!("\r\n--{boundary}");
    // The first one has no line before it.
    let opened = format!("--{boundary}");
    let mut rest = match bytes.strip_prefix(opened.as_bytes()) {
        Some(rest) => rest,
        None => split(bytes, delimiter.as_bytes()).ok_or_else(|| malformed("no part begins"))?.1,
    };
    let mut fields = Vec::new();
    while !rest.starts_with(b"--") {
        let cut = || malformed("a part is cut off");
        let (_, after) = split(rest, b"\r\n").ok_or_else(cut)?;
        let (head, after) = match after.strip_prefix(b"\r\n") {
            Some(after) => (&b""[..], after),
            None => split(after, b"\r\n\r\n").ok_or_else(cut)?,
        };
        let (content, after) = split(after, delimiter.as_bytes()).ok_or_else(cut)?;
        fields.push(field(head, content)?);
        if fields.len() > MAX_FIELDS {
            return Err(malformed("there are too many fields"));
        }
        rest = after;
    }
    Ok(fields)
}

fn field(head: &[u8], content: &[u8]) -> Result<(String, String)> {
    let head = std::str::from_utf8(head).map_err(|_| malformed("a part's head is not UTF-8"))?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    });
    let name = disposition.and_then(|it| parameter(it, "name"));
    let name = name.ok_or_else(|| malformed("a part has no name"))?;
    if disposition.is_some_and(|it| parameter(it, "filename").is_some()) {
        return Err(Problem::field(name, "must be a text; files are not taken here"));
    }
    match std::str::from_utf8(content) {
        Ok(text) => Ok((name.to_owned(), text.to_owned())),
        Err(_) => Err(Problem::field(name, "must be UTF-8")),
    }
}

fn split<'b>(bytes: &'b [u8], at: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let start = bytes.windows(at.len()).position(|it| it == at)?;
    Some((&bytes[..start], &bytes[start + at.len()..]))
}

fn malformed(detail: &'static str) -> Problem {
    Problem::bad_request("malformed_form", detail)
}

fn unsupported(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ALL: [Form; 3] = [Form::Json, Form::UrlEncoded, Form::Multipart];

    fn with(kind: &str, body: &str, accepted: &[Form]) -> Result<Value> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        read(&headers, body.as_bytes(), accepted)
    }

    const PARTS: &str = "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA \"lamp\"\r\n\
        --b\r\ncontent-disposition: form-data; name=\"tag\"\r\nContent-Type: text/plain\r\n\r\n1\r\n\
        --b\r\nContent-Disposition: form-data; name=tag\r\n\r\n\r\n--b--\r\n";

    #[test]
    fn forms_are_read_as_json() {
        for (kind, body, value) in [
            ("application/json", "{\"a\": 1}", json!({ "a": 1 })),
            ("Application/JSON; charset=utf-8", "[1]", json!([1])),
            ("application/merge-patch+json", "{}", json!({})),
            (
                "application/x-www-form-urlencoded",
                "username=a%40b.c&password=x+y&s=1&s=2",
                json!({ "username": "a@b.c", "password": "x y", "s": ["1", "2"] }),
            ),
            (
                "multipart/form-data; boundary=b",
                PARTS,
                json!({ "title": "A \"lamp\"", "tag": ["1", ""] }),
            ),
            ("multipart/form-data; boundary=\"b\"", "--b--\r\n", json!({})),
            ("text/plain", "", json!(null)),
        ] {
            assert_eq!(with(kind, body, &ALL).unwrap(), value, "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let multipart = "multipart/form-data; boundary=b";
        let file = "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\nx\r\n--b--";
        for (kind, body, code) in [
            ("application/json", "{\"a\":", "malformed_json"),
            ("application/json", "{\"a\": 1e999}", "malformed_json"),
            ("text/plain", "a", "unsupported_media_type"),
            ("multipart/form-data", PARTS, "malformed_form"),
            (multipart, "no part", "malformed_form"),
            (multipart, "--b\r\n", "malformed_form"),
            (
                multipart,
                "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut",
                "malformed_form",
            ),
            (multipart, "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", "malformed_form"),
            (multipart, file, "validation_failed"),
        ] {
            assert_eq!(with(kind, body, &ALL).unwrap_err().code, code, "{kind} {body}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert_eq!(with("application/json", &deep, &ALL).unwrap_err().code, "malformed_json");
        let refused = with("application/x-www-form-urlencoded", "a=1", &[Form::Json]).unwrap_err();
        assert_eq!(refused.code, "unsupported_media_type");
        assert!(refused.detail.contains("application/json"));
        let many = "a=1&".repeat(1001);
        let refused = with("application/x-www-form-urlencoded", &many, &ALL).unwrap_err();
        assert_eq!(refused.code, "malformed_form");
    }
}
