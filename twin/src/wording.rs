//! How messages look: the codecs of `wire`, with the keys and texts of a twin.
//!
//! Knows no sockets.
#![allow(missing_docs)]
use crate::{
    network::Network,
    open::{Fault, Issued},
    pki::Authority,
    texts::Texts,
};
use protocol::{
    contract::Ask,
    id::{Cookie, HostId, NameId},
    message::{OcspAnswer, Request, Response},
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};
pub struct Wording {
    requests: Mutex<Vec<(Request, Option<Cookie>)>>,
    responses: Mutex<Vec<Response>>,
    texts: Arc<Texts>,
    epoch: i64,
}
impl Wording {
    pub(crate) fn new(
        _n: &Network,
        texts: &Arc<Texts>,
        _a: &Authority,
        _c: &BTreeMap<String, Issued>,
        _d: &Path,
    ) -> Result<(Self, crate::endpoints::Files), Fault> {
        let epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()
                as i64;
        Ok((
            Self {
                requests: Mutex::default(),
                responses: Mutex::default(),
                texts: Arc::clone(texts),
                epoch,
            },
            BTreeMap::new(),
        ))
    }
    pub fn epoch(&self) -> i64 {
        self.epoch
    }
    pub fn write_request(&self, _h: HostId, a: &Ask) -> Option<http::Request<Vec<u8>>> {
        let mut r = self.requests.lock().unwrap();
        r.push((a.request, a.cookie));
        let body = (r.len() - 1).to_string();
        let host = self.texts.with(|n| n.host_text(a.to).to_owned());
        Some(http::Request::post("/").header("host", host).body(body.into_bytes()).unwrap())
    }
    pub fn write_response(
        &self,
        _f: NameId,
        _r: &Request,
        a: &Response,
    ) -> Option<http::Response<Vec<u8>>> {
        let mut r = self.responses.lock().unwrap();
        r.push(a.clone());
        Some(http::Response::new((r.len() - 1).to_string().into_bytes()))
    }
    pub fn read_request(
        &self,
        _h: HostId,
        _n: NameId,
        r: &http::Request<Vec<u8>>,
    ) -> Result<(Request, Option<Cookie>), http::Response<Vec<u8>>> {
        let i: usize = String::from_utf8(r.body().clone()).unwrap().parse().unwrap();
        Ok(self.requests.lock().unwrap()[i])
    }
    pub fn read_response(
        &self,
        _h: HostId,
        _n: NameId,
        _r: &Request,
        b: &http::Response<Vec<u8>>,
    ) -> Response {
        let i: usize = match String::from_utf8(b.body().clone()).unwrap().parse() {
            Ok(i) => i,
            Err(_) => return Response::BadRequest,
        };
        self.responses.lock().unwrap()[i].clone()
    }
    pub fn read_ocsp(&self, _b: &[u8]) -> Option<OcspAnswer> {
        None
    }
}
