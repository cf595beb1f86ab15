use std::collections::BTreeSet;
use std::fmt::Write;

use super::*;

const STEPS: [Step; 13] = [
    Step::Reserve,
    Step::Authorize,
    Step::AwaitAction,
    Step::Release,
    Step::AwaitPayment,
    Step::Commit,
    Step::Capture,
    Step::Ship,
    Step::Void,
    Step::Refund,
    Step::Restock,
    Step::PutBack,
    Step::Done,
];

/// The steps an answer may lead to.
fn steps(to: To) -> Vec<Step> {
    match to {
        To::Next(step) => vec![step],
        To::Back(_) => vec![Step::Void, Step::Restock],
        To::Rest => vec![Step::PutBack, Step::Done],
        To::Again | To::Withdrawn => vec![],
    }
}

#[test]
fn every_step_but_the_end_is_there_once() {
    for step in STEPS {
        let rows = TABLE.iter().filter(|it| it.step == step).count();
        assert_eq!(rows, usize::from(step != Step::Done), "{step}");
    }
}

#[test]
fn an_answer_leads_one_way() {
    for row in &TABLE {
        let answers: BTreeSet<_> = row.answers.iter().map(|(it, _)| it.as_str()).collect();
        assert_eq!(answers.len(), row.answers.len(), "{}", row.step);
    }
}

#[test]
fn every_step_can_come_to_the_end() {
    let mut ended = vec![Step::Done];
    loop {
        let more = TABLE.iter().filter(|row| !ended.contains(&row.step)).find(|row| {
            row.answers.iter().any(|(_, to)| steps(*to).iter().any(|it| ended.contains(it)))
        });
        match more {
            Some(row) => ended.push(row.step),
            None => break,
        }
    }
    assert_eq!(ended.len(), STEPS.len(), "{ended:?}");
}

#[test]
fn nothing_is_given_up_once_money_or_goods_have_moved() {
    let moved = [Step::Capture, Step::Ship, Step::Void, Step::Refund, Step::Restock, Step::PutBack];
    for row in &TABLE {
        let endless = row.unknown == Unknown::Again;
        assert_eq!(endless, moved.contains(&row.step), "{}", row.step);
    }
}

#[test]
fn the_documentation_shows_the_table() {
    let document = include_str!("../../../../../docs/checkout.md");
    let drawn = draw();
    assert!(document.contains(&drawn), "docs/checkout.md, \"The saga\", has to say:\n\n{drawn}");
}

fn draw() -> String {
    let mut drawn = String::from("| step | asks | answer: next | unknown |\n|---|---|---|---|\n");
    let mut before: Option<&Row> = None;
    for row in &TABLE {
        let answers = match before.filter(|it| it.answers == row.answers) {
            Some(same) => format!("as {}", same.step),
            None => row.answers.iter().map(shown).collect::<Vec<_>>().join("; "),
        };
        let call = if row.call.is_empty() { String::new() } else { format!("`{}`", row.call) };
        let unknown = match row.unknown {
            Unknown::Never => "",
            Unknown::Again => "again",
            Unknown::UntilDeadline => "again, until the deadline",
        };
        writeln!(drawn, "| {} | {call} | {answers} | {unknown} |", row.step).unwrap();
        before = Some(row);
    }
    drawn
}

fn shown((answer, to): &(Answer, To)) -> String {
    let to = match to {
        To::Next(step) => step.to_string(),
        To::Again => "again".to_owned(),
        To::Back(reason) => format!("back (`{}`)", reason.as_str()),
        To::Rest => "rest".to_owned(),
        To::Withdrawn => "withdrawn".to_owned(),
    };
    format!("{}: {to}", answer.as_str().replace('_', " "))
}
