//! Forms of pages: what they hold, what can be filled in and chosen, and the request that each button sends (HTML, "Form
//! submission").
//!
//! Fills in nothing by itself. Knows no script.

use std::collections::BTreeMap;

use http::header;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::text_of;
use crate::line::Request;

/// A form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Form {
    /// The origin of its page (RFC 6454).
    pub origin: String,
    /// Where it goes.
    pub action: Url,
    /// Whether it is posted.
    pub is_post: bool,
    /// What it holds before anybody fills in anything: hidden fields, those with a value, what is chosen already.
    pub fields: Vec<(String, String)>,
    /// Fields in which people type, and how they are of type.
    pub typed: Vec<(String, String)>,
    /// What can be chosen from: the name of the field, the value, and the text beside it.
    pub choices: Vec<(String, String, String)>,
    /// Its buttons.
    pub buttons: Vec<Button>,
}

/// A button of a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Button {
    /// What stands on it.
    pub text: String,
    /// What it adds to the form.
    pub adds: Option<(String, String)>,
    /// Where it sends the form, if it is elsewhere than the form says.
    pub action: Option<Url>,
    /// Whether it posts the form, if it says so itself.
    pub is_post: Option<bool>,
    /// What selects it where a real browser shows it.
    pub mark: Option<String>,
}

impl Form {
    /// One without any field.
    pub(crate) fn bare(page: &Url) -> Self {
        Self {
            origin: page.origin().ascii_serialization(),
            action: page.clone(),
            is_post: false,
            fields: Vec::new(),
            typed: Vec::new(),
            choices: Vec::new(),
            buttons: Vec::new(),
        }
    }

    /// The request that sends it.
    pub fn request(&self, button: Option<&Button>, filled: &[(&str, &str)]) -> Request {
        let added = button.and_then(|button| button.adds.clone());
        let is_filled = |name: &str| filled.iter().any(|(other, _)| *other == name);
        let kept = self.fields.iter().filter(|(name, _)| !is_filled(name));
        let all: Vec<(&str, &str)> = kept
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(filled.iter().copied())
            .chain(added.as_ref().map(|(name, value)| (name.as_str(), value.as_str())))
            .collect();
        let mut url = button.and_then(|of| of.action.as_ref()).unwrap_or(&self.action).clone();
        if button.and_then(|button| button.is_post).unwrap_or(self.is_post) {
            return Request::form(url, &all).with(header::ORIGIN, &self.origin);
        }
        url.query_pairs_mut().clear().extend_pairs(all);
        Request::get(url)
    }
}

impl Form {
    /// The same, of texts that belong to whoever filled it in.
    pub(crate) fn request_of(
        &self,
        button: Option<&Button>,
        filled: &[(String, String)],
    ) -> Request {
        let filled: Vec<(&str, &str)> =
            filled.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.request(button, &filled)
    }
}

fn is_post(element: ElementRef<'_>, name: &str) -> Option<bool> {
    element.attr(name).map(|text| text.eq_ignore_ascii_case("post"))
}

fn address(page: &Url, element: ElementRef<'_>, name: &str) -> Option<Url> {
    element.attr(name).filter(|text| !text.is_empty()).and_then(|text| page.join(text).ok())
}

pub(super) fn read_button(page: &Url, element: ElementRef<'_>) -> Button {
    let text = match element.value().name() {
        "input" => element.attr("value").unwrap_or("").to_owned(),
        _ => text_of(element),
    };
    let value = element.attr("value").unwrap_or("").to_owned();
    Button {
        text,
        adds: element.attr("name").map(|name| (name.to_owned(), value)),
        action: address(page, element, "formaction"),
        is_post: is_post(element, "formmethod"),
        mark: element.attr("data-stelsel").map(|number| format!("[data-stelsel={number:?}]")),
    }
}

/// The forms of a page, in the order in which they stand there.
pub(super) struct Forms<'h> {
    all: Vec<(ElementRef<'h>, Form)>,
    by_id: BTreeMap<&'h str, usize>,
}

impl<'h> Forms<'h> {
    pub fn read(page: &Url, html: &'h Html) -> Self {
        let select = |selector: &str| -> Vec<ElementRef<'h>> {
            Selector::parse(selector).map(|of| html.select(&of).collect()).unwrap_or_default()
        };
        let mut forms = Self { all: Vec::new(), by_id: BTreeMap::new() };
        for form in select("form") {
            if let Some(id) = form.attr("id") {
                forms.by_id.entry(id).or_insert(forms.all.len());
            }
            let bare = Form::bare(page);
            let action = address(page, form, "action").unwrap_or_else(|| bare.action.clone());
            let is_post = is_post(form, "method").unwrap_or(false);
            forms.all.push((form, Form { action, is_post, ..bare }));
        }
        for element in select("input, button, textarea, select") {
            if let Some(place) = forms.place(element) {
                forms.all[place].1.take(page, element, html);
            }
        }
        forms
    }

    pub fn into_forms(self) -> Vec<Form> {
        self.all.into_iter().map(|(_, form)| form).collect()
    }

    /// The form that an element belongs to: the one that it names, or else the one around it.
    pub fn of(&self, element: ElementRef<'_>) -> Option<&Form> {
        self.place(element).map(|place| &self.all[place].1)
    }

    fn place(&self, element: ElementRef<'_>) -> Option<usize> {
        if let Some(id) = element.attr("form") {
            return self.by_id.get(id).copied();
        }
        let mut around = element.ancestors().filter_map(ElementRef::wrap);
        let form = around.find(|of| of.value().name() == "form")?;
        self.all.iter().position(|(other, _)| other.id() == form.id())
    }
}

impl Form {
    /// Takes in a field or a button of it.
    fn take(&mut self, page: &Url, element: ElementRef<'_>, html: &Html) {
        let name = element.attr("name").unwrap_or("").to_owned();
        let value = element.attr("value").unwrap_or("").to_owned();
        let kind = element.attr("type").unwrap_or("").to_ascii_lowercase();
        match (element.value().name(), kind.as_str()) {
            ("button", "button" | "reset") | ("input", "button" | "reset") => {}
            ("button", _) | ("input", "submit" | "image") => {
                self.buttons.push(read_button(page, element));
            }
            _ if name.is_empty() => {}
            ("select", _) => self.take_select(&name, element),
            ("input", "radio" | "checkbox") => {
                let value = element.attr("value").unwrap_or("on").to_owned();
                if element.attr("checked").is_some() {
                    self.fields.push((name.clone(), value.clone()));
                }
                self.choices.push((name, value, label(element, html)));
            }
            ("input", "hidden") => self.fields.push((name, value)),
            ("input", _) if element.attr("list").is_some() => {
                let id = element.attr("list").unwrap_or_default();
                let text = format!("datalist[id={id:?}] option");
                let selector = Selector::parse(&text).ok();
                for option in selector.iter().flat_map(|of| html.select(of)) {
                    let value = option.attr("value").unwrap_or_default().to_owned();
                    self.choices.push((name.clone(), value, text_of(option)));
                }
                self.fields.push((name, value));
            }
            ("input", "file") => self.typed.push((name, kind)),
            ("input", _) => {
                self.fields.push((name.clone(), value));
                self.typed.push((name, kind));
            }
            _ => {
                let text: String = element.text().collect();
                self.fields.push((name.clone(), text));
                self.typed.push((name, "text".to_owned()));
            }
        }
    }

    /// One option of a list is always chosen, the first if none says so; of one for several none need be.
    fn take_select(&mut self, name: &str, element: ElementRef<'_>) {
        let options = Selector::parse("option").map(|of| element.select(&of).collect());
        let options: Vec<ElementRef<'_>> = options.unwrap_or_default();
        let mut chosen = Vec::new();
        for option in &options {
            let text = text_of(*option);
            let value = option.attr("value").map_or_else(|| text.clone(), str::to_owned);
            if option.attr("selected").is_some() {
                chosen.push(value.clone());
            }
            self.choices.push((name.to_owned(), value, text));
        }
        if element.attr("multiple").is_none() {
            let first = self.choices.len() - options.len();
            let first = self.choices.get(first).map(|(_, value, _)| value.clone());
            chosen = chosen.pop().or(first).into_iter().collect();
        }
        self.fields.extend(chosen.into_iter().map(|value| (name.to_owned(), value)));
    }
}

/// What stands beside a field, as the page says.
fn label(element: ElementRef<'_>, html: &Html) -> String {
    let mut around = element.ancestors().filter_map(ElementRef::wrap);
    let around = around.find(|of| of.value().name() == "label").map(text_of);
    let by_id = element.attr("id").and_then(|id| {
        let selector = Selector::parse(&format!("label[for={id:?}]")).ok()?;
        html.select(&selector).next().map(text_of)
    });
    around.or(by_id).unwrap_or_default()
}
