//! Answers, held against the document.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use jsonschema::Validator;
use serde_json::Value;

use super::asked::Asked;
use super::operation::Operation;
use crate::lab::{Lab, SOON};

/// One answer. Streams are read to their head only.
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// Sends a request over the private socket and hears its answer.
pub(super) fn ask(lab: &Lab, asked: &Asked) -> Heard {
    let mut stream = lab.private_socket();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut bytes = format!("{} {} HTTP/1.1\r\n", asked.method, asked.target).into_bytes();
    bytes.extend(b"Host: windlass\r\nConnection: close\r\n");
    for (name, value) in &asked.headers {
        // A line's end in a header would be another header: no client sends one.
        let one_line: String = value.chars().filter(|c| !c.is_control()).collect();
        bytes.extend(format!("{name}: {one_line}\r\n").bytes());
    }
    let body = asked.body.as_deref().unwrap_or_default();
    bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
    bytes.extend(body);
    // A server that has answered need not take the rest.
    stream.write_all(&bytes).ok();
    heard(stream, asked)
}

fn heard(stream: UnixStream, asked: &Asked) -> Heard {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line);
        assert!(read.is_ok_and(|read| read > 0), "no whole head: {asked:?}");
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<_, _> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length");
    let length = length.map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Heard {
        status,
        headers,
        body,
    }
}

/// Says whether answers are as one document promises.
pub(super) struct Judge<'a> {
    document: &'a Value,
    validators: BTreeMap<String, Validator>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(document: &'a Value) -> Self {
        Self {
            document,
            validators: BTreeMap::new(),
        }
    }

    /// What is wrong with an answer.
    pub(super) fn complaint(
        &mut self,
        operation: &Operation<'_>,
        asked: &Asked,
        heard: &Heard,
    ) -> Option<String> {
        let Heard {
            status, headers, ..
        } = heard;
        if *status >= 500 {
            return Some(format!("{status} is the server's own failure"));
        }
        if !headers.contains_key("windlass-api") {
            return Some("it does not say which API answers".to_owned());
        }
        if asked.method != operation.method && !self.has(operation.path, &asked.method) {
            let named = headers.contains_key("allow");
            let fine = *status == 405 && named;
            return (!fine).then(|| format!("{status}, Allow is there: {named}"));
        }
        if asked.method != operation.method {
            return None;
        }
        let Some(answer) = operation.says["responses"].get(status.to_string()) else {
            return Some(format!("{status} is not documented"));
        };
        let media = headers.get("content-type").map_or("", String::as_str);
        let Some(content) = answer["content"].get(media) else {
            return Some(format!("{media:?} is not documented for {status}"));
        };
        self.misshapen(&content["schema"], media, heard)
    }

    fn has(&self, path: &str, method: &str) -> bool {
        let methods = &self.document["paths"][path];
        methods.get(method.to_ascii_lowercase()).is_some()
    }

    fn misshapen(&mut self, schema: &Value, media: &str, heard: &Heard) -> Option<String> {
        if !media.ends_with("json") || media.ends_with("ndjson") {
            return None;
        }
        let Ok(body) = serde_json::from_slice::<Value>(&heard.body) else {
            return Some("its body is no JSON".to_owned());
        };
        if media == "application/problem+json" && body["status"] != heard.status {
            return Some("the problem has another status".to_owned());
        }
        let validator = self.validator(schema);
        let wrong = validator.validate(&body).err()?;
        Some(format!("its body is not as documented: {wrong}"))
    }

    /// Whether `body` is as `schema` wants it.
    pub(super) fn takes(&mut self, schema: &Value, body: &Value) -> bool {
        self.validator(schema).is_valid(body)
    }

    fn validator(&mut self, schema: &Value) -> &Validator {
        let document = self.document;
        self.validators
            .entry(schema.to_string())
            .or_insert_with(|| {
                let mut whole = schema.clone();
                whole["components"] = document["components"].clone();
                jsonschema::validator_for(&whole).unwrap()
            })
    }
}
