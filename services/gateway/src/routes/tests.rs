use super::*;

fn service<'t>(table: &'t Table, path: &str) -> Option<&'t str> {
    match table.find(path, &Method::GET, || None) {
        Found::Route(found) => found.route.service(),
        _ => None,
    }
}

#[test]
fn every_path_of_the_builtin_table_is_well_formed() {
    Table::builtin().unwrap();
}

#[test]
fn the_more_exact_route_wins() {
    let table = Table::builtin().unwrap();
    for (path, name) in [
        ("/api/v1/products/7", "catalog"),
        ("/api/products/7/", "catalog"),
        ("/api/v1/products/7/images", "catalog"),
        ("/api/v1/products/7/reviews", "reviews"),
        ("/api/v1/orders/checkout", "orders"),
        ("/api/v1/orders/health", "orders"),
        ("/api/v1/identity/health", "identity"),
    ] {
        assert_eq!(service(&table, path), Some(name), "{path}");
    }
}

#[test]
fn what_services_tell_each_other_leads_nowhere() {
    let table = Table::builtin().unwrap();
    for path in ["/internal", "/internal/reserve", "/internal/", "/api/internal/reserve"] {
        // The gateway itself says that nothing is there.
        assert_eq!(service(&table, path), Some(crate::NAME), "{path}");
    }
}

const METHODS: &str = r#"
    [[routes]]
    path = "/things/"
    methods = ["GET"]
    service = "a"
    rewrite = "/api/v1/a"
    [[routes]]
    path = ["/things", "/api/things"]
    methods = ["POST", "PUT"]
    service = "b"
    rewrite = "/api/v1/b"
    [[routes]]
    path = "/things"
    host = "*.example.com"
    service = "c"
    rewrite = "/api/v1/c"
    [[routes]]
    path = "/things"
    host = "shop.example.com"
    methods = ["GET"]
    answer = { status = 410, body = { gone = true } }
"#;

#[test]
fn methods_and_hosts_choose_between_routes_of_a_path() {
    let table = Table::parse(METHODS, "r.toml").unwrap();
    let found = |path, method, host| match table.find(path, &method, || host) {
        Found::Nothing => "nothing".to_owned(),
        Found::OtherMethods(allowed) => allowed,
        Found::Route(found) => found.route.service().unwrap_or("answer").to_owned(),
    };
    for (path, method, host, service) in [
        ("/things", Method::GET, None, "a"),
        ("/things/", Method::HEAD, None, "a"),
        ("/things", Method::PUT, Some("localhost"), "b"),
        ("/things", Method::DELETE, None, "GET,HEAD,POST,PUT"),
        ("/api/things/", Method::POST, None, "b"),
        ("/api/things", Method::GET, None, "POST,PUT"),
        ("/api/v1/things", Method::POST, None, "nothing"),
        ("/things", Method::GET, Some("a.example.com"), "c"),
        ("/things", Method::GET, Some("shop.example.com"), "answer"),
        ("/things", Method::DELETE, Some("shop.example.com"), "c"),
        ("/things", Method::GET, Some("example.com"), "a"),
    ] {
        assert_eq!(found(path, method.clone(), host), service, "{method} {path} {host:?}");
    }
}

#[test]
fn parameters_are_read_and_filled_in() {
    let text = r#"
        [[routes]]
        path = "/shop/{id}/parts/{*rest}"
        service = "a"
        rewrite = "/api/v1/a/{*rest}"
    "#;
    let table = Table::parse(text, "r.toml").unwrap();
    let route = &table.routes()[0];
    let found = route.parameters("/shop/caf%C3%A9/parts/b/c%20d");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(found, [pair("id", "café"), pair("rest", "b/c%20d")]);
    let Action::Ask(target) = &route.action else { panic!() };
    assert_eq!(target.rewrite.as_ref().unwrap().fill(&found).unwrap(), "/api/v1/a/b/c%20d");
}

#[test]
fn another_status_is_chosen_by_code_and_then_by_status() {
    let rules = [
        (Kind::Status(StatusCode::CONFLICT), StatusCode::BAD_REQUEST),
        (Kind::Code("out_of_stock".to_owned()), StatusCode::GONE),
        (Kind::Status(StatusCode::CONFLICT), StatusCode::NOT_FOUND),
    ];
    assert_eq!(status(&rules, StatusCode::CONFLICT, Some("out_of_stock")), StatusCode::GONE);
    assert_eq!(status(&rules, StatusCode::CONFLICT, Some("other")), StatusCode::BAD_REQUEST);
    assert_eq!(status(&rules, StatusCode::OK, None), StatusCode::OK);
}

#[test]
fn a_class_of_rate_limits_that_there_is_not_is_named() {
    let described = Described::of(std::iter::empty()).and(crate::NAME, std::iter::once("/a"));
    let described = described.limited(&[WRITE, READ]);
    for (class, fits) in [("read", true), ("none", true), ("wish", false)] {
        let route = format!(
            "[[routes]]\npath = \"/a\"\nservice = \"gateway\"\nlimits = {{ GET = \"{class}\" }}"
        );
        let checked = Table::parse(&route, "r.toml").unwrap().check(&described);
        assert_eq!(checked.is_ok(), fits, "{class}: {checked:?}");
        if let Err(error) = checked {
            let error = error.to_string();
            assert!(error.starts_with("r.toml line 2: /a: \"wish\""), "{error}");
            assert!(error.contains("write, read or none"), "{error}");
        }
    }
}

#[test]
fn a_mistake_is_named_with_its_line() {
    let good = "[[routes]]\npath = \"/a\"\nservice = \"gateway\"\n";
    let with = |rest: &str| format!("[[routes]]\npath = \"/b\"\nservice = \"gateway\"\n{rest}");
    let asking = |rest: &str| format!("[[routes]]\npath = \"/api/b\"\nservice = \"s\"\n{rest}");
    for (bad, line, reason) in [
        ("[[routes]]\npath = \"/a\"\nservice = \"gateway\"".to_owned(), 5, "conflicts with line 2"),
        ("[[routes]]\npath = \"/a/\"\nservice = \"gateway\"".to_owned(), 5, "conflict"),
        ("[[routes]]\npath = \"/{a\"\nservice = \"gateway\"".to_owned(), 5, ""),
        ("[[routes]]\npath = \"/{x}/{x}\"\nservice = \"gateway\"\n[[routes]]\npath = \"/{y}/{z}\"\nservice = \"gateway\"".to_owned(), 8, "conflict"),
        ("[[routes]]\npath = \"/internal/x\"\nservice = \"t\"".to_owned(), 5, "never routed"),
        ("[[routes]]\npath = \"/x/internal\"\nservice = \"t\"".to_owned(), 5, "never routed"),
        ("[[routes]]\npath = \"b\"\nservice = \"t\"".to_owned(), 5, "begin with /"),
        ("[[routes]]\npath = \"/b?c=d\"\nservice = \"t\"".to_owned(), 5, "must not contain a query"),
        ("[[routes]]\npath = [\"/c\", \"/internal\"]\nservice = \"t\"".to_owned(), 5, "never routed"),
        ("[[routes]]\npath = 7\nservice = \"t\"".to_owned(), 5, "a path or a list"),
        ("[[routes]]\npath = \"/b\"\nservice = \"t\"".to_owned(), 5, "add rewrite"),
        ("[[routes]]\npath = \"/b\"".to_owned(), 5, "needs service or answer"),
        ("[[routes]]\nservice = \"t\"".to_owned(), 4, "path"),
        (with("colour = 1"), 7, "colour"),
        (with("limits = { get = \"read\" }"), 5, "get"),
        (with("methods = []"), 5, "allows nothing"),
        (with("methods = [\"GET\", \"Post\"]"), 5, "Post"),
        (with("host = \"a:80\""), 5, "without a port"),
        (with("rewrite = \"/internal/c\""), 5, "never routed"),
        (with("answer = { body = \"x\" }"), 5, "cannot be combined"),
        (with("body_limit = 0"), 5, "body_limit"),
        (with("timeout_ms = 0"), 5, "timeout_ms"),
        (with("accepts = [\"xml\"]"), 7, "multipart"),
        (with("status = { 999 = 200 }"), 5, "999"),
        (with("status = { 200 = 99 }"), 5, "99"),
        (with("status = { \"Not found\" = 404 }"), 5, "Not found"),
        (with("request = [\n  { drop = \"a\" },\n  { colour = \"b\" },\n]"), 9, "use one of move, copy"),
        (with("response = [{ set = \"header:x-user-id\", value = 1 }]"), 7, "x-user-id"),
        (with("errors = [{ problem = \"x\" }]"), 7, "by_field"),
        (with("request = [{ use = \"nothing\" }]"), 7, "no group"),
        (with("[routes.else]\nservice = \"gateway\""), 5, "methods"),
        (with("[routes.else]\nservice = \"gateway\"\ncolour = 1"), 9, "colour"),
        (asking("rewrite = \"/c\""), 5, "no service has the path /c"),
        (asking("rewrite = \"/api/internal/c\""), 5, "never routed"),
        (asking("rewrite = \"/api/{c}\""), 5, "provides {c}"),
        (asking("rewrite = \"/api/{c\""), 5, "never closed"),
        (asking("rewrite = \"/api/c?d=e\""), 5, "query:name"),
        ("[[routes]]\npath = \"/b\"\nanswer = { status = 100 }".to_owned(), 5, "100"),
        ("[[routes]]\npath = \"/b\"\nanswer = { headers = { \"a b\" = \"c\" } }".to_owned(), 5, "a b"),
        ("[[routes]]\npath = \"/b\"\nanswer = { headers = { Connection = \"c\" } }".to_owned(), 5, "connection"),
        ("[[routes]]\npath = \"/b\"\nrewrite = \"/c\"\nanswer = {}".to_owned(), 5, "cannot have keys"),
        ("[[routes]".to_owned(), 4, ""),
    ] {
        let error = Table::parse(&format!("{good}{bad}\n"), "r.toml").unwrap_err().to_string();
        assert!(error.starts_with(&format!("r.toml line {line}: ")), "{error} for {bad}");
        assert!(error.contains(reason), "{error} for {bad}");
    }
    let error = Table::parse("version = \"1\"\nroutes = []", "r.toml").unwrap_err().to_string();
    assert!(error.starts_with("r.toml line 1: ") && error.contains("v1"), "{error}");
    let table = format!("version = \"v1\"\n{good}[[routes]]\npath = \"/api/x/\"\nservice = \"t\"");
    let error = Table::parse(&table, "r.toml").unwrap_err().to_string();
    assert!(error.contains("line 6") && error.contains("write /api/v1/x"), "{error}");
}
