//! Flows in progress: whose an event is, as only drivers know (semantics 5).
//!
//! A flow's place is used again once nothing refers to it: neither its visitor nor any exchange. Does not
//! keep statistics (`watch`).

use protocol::{id::FlowId, trace::FlowRef};

#[derive(Clone, Copy, Debug)]
struct Flow {
    id: FlowId,
    /// Exchanges that it began: part of the key of their draws.
    exchanges: u32,
    references: u32,
}

/// Every flow that something refers to.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    places: Vec<Flow>,
    free: Vec<u32>,
}

impl Flows {
    /// A flow begins; its visitor refers to it.
    pub(crate) fn begin(&mut self, id: FlowId) -> FlowRef {
        let flow = Flow { id, exchanges: 0, references: 1 };
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place as usize] = flow;
                place
            }
            None => {
                self.places.push(flow);
                self.places.len() as u32 - 1
            }
        };
        FlowRef { place, id }
    }

    /// The number of the next exchange of the flow's own, within the flow.
    pub(crate) fn count(&mut self, flow: FlowRef) -> u32 {
        let flow = &mut self.places[flow.place as usize];
        flow.exchanges += 1;
        flow.exchanges
    }

    /// An exchange refers to the flow.
    pub(crate) fn refer(&mut self, flow: FlowRef) {
        self.places[flow.place as usize].references += 1;
    }

    /// Something refers to the flow no more.
    pub(crate) fn release(&mut self, flow: FlowRef) {
        let entry = &mut self.places[flow.place as usize];
        entry.references -= 1;
        if entry.references == 0 {
            self.free.push(flow.place);
        }
    }

    /// The flow, if something still refers to it.
    pub(crate) fn live(&self, flow: Option<FlowRef>) -> Option<FlowRef> {
        flow.filter(|flow| {
            let entry = &self.places[flow.place as usize];
            entry.id == flow.id && entry.references > 0
        })
    }
}
