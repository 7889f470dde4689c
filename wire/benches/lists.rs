//! How long lists take: reading, writing and turning into values, of a ZAL of national size.
//!
//! The floor under reading is the tokenizer alone, which finds the same tags and judges nothing.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use protocol::{
    catalogue::CATALOGUE,
    names::Names,
    release::{Release, ReleaseSet},
};
use quick_xml::{Reader, events::Event};
use wire::list::{
    Gegevensdienst, Header, ListDocument, ListFormat, Offers, Systeemrol, Timestamp, ZalDocument,
    Zorgaanbieder, read,
    version::{Assumed, to_version},
    write,
};

const ZORGAANBIEDERS: usize = 50_000;
const DIENSTEN: usize = 3;
const GATEWAYS: usize = 15;

/// A ZAL as of release 1.1, with invented names, three Gegevensdiensten at each Zorgaanbieder.
fn zal() -> ListDocument {
    let zorgaanbieders = (0..ZORGAANBIEDERS)
        .map(|number| Zorgaanbieder {
            naam: format!("huisartsenpraktijk{}@medmij", letters(number)),
            offers: Offers::Plain((0..DIENSTEN).map(|dienst| offer(number, dienst)).collect()),
        })
        .collect();
    let published = Timestamp::from_unix(1_700_000_000, 0);
    let header = Header { format: ListFormat::R1_1, published, number: 1 };
    ListDocument::Zal(ZalDocument { header, zorgaanbieders })
}

fn letters(number: usize) -> String {
    [17_576, 676, 26, 1]
        .map(|weight| char::from(b'a' + (number / weight % 26) as u8))
        .iter()
        .collect()
}

fn offer(number: usize, dienst: usize) -> Gegevensdienst {
    let (service, gateway) = (&CATALOGUE[dienst], number % GATEWAYS);
    let back = format!("https://gateway.dienstverlener{gateway}.example:8443");
    Gegevensdienst {
        id: service.id.into(),
        authorization: format!("https://inlog.dienstverlener{gateway}.example/oauth/authorize"),
        token: format!("{back}/oauth/token"),
        abonneren: None,
        rollen: service
            .roles
            .iter()
            .map(|role| Systeemrol { code: (*role).into(), resource: format!("{back}/fhir") })
            .collect(),
    }
}

/// The tokenizer alone.
fn tags(bytes: &[u8]) -> usize {
    let (mut reader, mut buffer, mut tags) = (Reader::from_reader(bytes), Vec::new(), 0);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) | Err(_) => return tags,
            Ok(Event::Start(_)) => tags += 1,
            Ok(_) => {}
        }
    }
}

fn lists(criterion: &mut Criterion) {
    let document = zal();
    let mut bytes = Vec::new();
    write(&document, ListFormat::R1_1, &mut bytes).expect("our own ZAL fits its schema");
    let mut group = criterion.benchmark_group("zal-50000");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("floor: tokenizer alone", |bencher| {
        bencher.iter(|| black_box(tags(&bytes)));
    });
    group.bench_function("read", |bencher| {
        bencher.iter_with_large_drop(|| read(&bytes[..]).expect("our own ZAL is valid"));
    });
    group.bench_function("write", |bencher| {
        bencher.iter(|| write(&document, ListFormat::R1_1, std::io::sink()));
    });
    let assumed =
        Assumed { epoch: Timestamp::from_unix(0, 0), releases: ReleaseSet::only(Release::R1_1) };
    group.bench_function("to_version", |bencher| {
        bencher.iter_batched_ref(
            Names::default,
            |names| to_version(&document, &assumed, names),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, lists);
criterion_main!(benches);
