//! Invented people in real-looking clubs.

use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use super::{Athlete, Class};

const MEN: [&str; 16] = [
    "Matěj",
    "Michal",
    "Jan",
    "Jaroslav",
    "Vojtěch",
    "Ondřej",
    "Tomáš",
    "Jiří",
    "Lukáš",
    "Štěpán",
    "Václav",
    "Řehoř",
    "Šimon",
    "Zdeněk",
    "Bořek",
    "Čestmír",
];
const WOMEN: [&str; 14] = [
    "Růžena",
    "Hana",
    "Monika",
    "Tereza",
    "Kateřina",
    "Žaneta",
    "Eliška",
    "Markéta",
    "Jiřina",
    "Štěpánka",
    "Věra",
    "Lenka",
    "Zuzana",
    "Ľudmila",
];
const FAMILIES: [(&str, &str); 18] = [
    ("VANĚK", "VAŇKOVÁ"),
    ("KUČERA", "KUČEROVÁ"),
    ("HÁJEK", "HÁJKOVÁ"),
    ("ČERNÝ", "ČERNÁ"),
    ("BÍLEK", "BÍLKOVÁ"),
    ("PŘIBYL", "PŘIBYLOVÁ"),
    ("URBAN", "URBANOVÁ"),
    ("NĚMEC", "NĚMCOVÁ"),
    ("DVOŘÁK", "DVOŘÁKOVÁ"),
    ("ŠŤASTNÝ", "ŠŤASTNÁ"),
    ("ŘEZNÍČEK", "ŘEZNÍČKOVÁ"),
    ("ŽĎÁRSKÝ", "ŽĎÁRSKÁ"),
    ("KŘÍŽ", "KŘÍŽOVÁ"),
    ("TŮMA", "TŮMOVÁ"),
    ("JEŽEK", "JEŽKOVÁ"),
    ("ĎURIŠ", "ĎURIŠOVÁ"),
    ("MACHÁČEK", "MACHÁČKOVÁ"),
    ("ÚLEHLA", "ÚLEHLOVÁ"),
];
const CLUBS: [&str; 10] = [
    "TJ Dukla Praha",
    "TJ Loděnice Trutnov",
    "SK Vodní slalom České Budějovice",
    "KVS Hradec Králové",
    "SKUP Olomouc",
    "Kanoistika Týn nad Vltavou",
    "Kajak klub Brandýs nad Labem",
    "KK Opava",
    "Oddíl kanoistiky Jiskra Žamberk",
    "USK Praha",
];
/// Category, first and last year of birth, name.
pub(super) const CATEGORIES: [(&str, u32, u32, &str); 5] = [
    ("ZS", 2012, 2013, "Žáci starší"),
    ("DM", 2010, 2011, "Dorost mladší"),
    ("DS", 2008, 2009, "Dorost starší"),
    ("U23", 2003, 2007, "Do 23 let"),
    ("SE", 1992, 2002, "Senioři"),
];

#[derive(Clone, Copy)]
enum Gender {
    Men,
    Women,
    Mixed,
}

/// Two best-run classes and one that is decided in a single final run by crews.
pub(super) fn classes(random: &mut StdRng, starts: usize) -> Vec<Class> {
    let templates: [(_, _, _, _, &'static [&'static str]); 3] = [
        (
            "K1M_ST",
            "K1m - střední trať",
            "Kajak muži - střední trať",
            Gender::Men,
            &["BR1", "BR2"],
        ),
        (
            "K1W_ST",
            "K1ž - střední trať",
            "Kajak ženy - střední trať",
            Gender::Women,
            &["BR1", "BR2"],
        ),
        (
            "C2X_ST",
            "C2x - střední trať",
            "Kánoe smíšené - střední trať",
            Gender::Mixed,
            &["FIN"],
        ),
    ];
    let mut next_id = 10_001;
    templates
        .into_iter()
        .map(|(class_id, name, long_title, gender, disciplines)| Class {
            class_id: class_id.to_owned(),
            name: name.to_owned(),
            long_title: long_title.to_owned(),
            disciplines,
            athletes: (0..starts)
                .map(|order| {
                    next_id += random.random_range(1..9);
                    athlete(random, class_id, gender, order, next_id)
                })
                .collect(),
        })
        .collect()
}

/// A class of kayak cross.
pub(super) fn cross(random: &mut StdRng, starts: usize) -> Class {
    Class {
        class_id: "MX1".to_owned(),
        name: "Kayak cross muži".to_owned(),
        long_title: "Kayak cross - muži".to_owned(),
        disciplines: &["XT", "XF", "XER"],
        athletes: (0..starts)
            .map(|order| {
                let icf_id = 30_001 + u32::try_from(order * 7).unwrap_or(0);
                athlete(random, "MX1", Gender::Men, order, icf_id)
            })
            .collect(),
    }
}

/// A class of teams of three from `class`.
pub(super) fn teams(class: &Class) -> Class {
    let team = |(number, members): (u32, &[Athlete])| Athlete {
        participant_id: format!("T{number}.K1T"),
        icf_id: 90_000 + number,
        bib: number,
        members: members
            .iter()
            .map(|member| member.participant_id.clone())
            .collect(),
        family_name: format!("{} {number}", members[0].club.to_uppercase()),
        given_name: String::new(),
        partner: None,
        ..members[0].clone()
    };
    Class {
        class_id: "K1T".to_owned(),
        name: "Hlídky K1m".to_owned(),
        long_title: "Hlídky - kajak muži".to_owned(),
        disciplines: &["TSR"],
        athletes: (1..)
            .zip(class.athletes.chunks_exact(3))
            .map(team)
            .collect(),
    }
}

fn athlete(
    random: &mut StdRng,
    class_id: &str,
    gender: Gender,
    order: usize,
    icf_id: u32,
) -> Athlete {
    let (category, first_year, last_year, _) = pick(random, &CATEGORIES);
    let (family_name, given_name) = person(random, matches!(gender, Gender::Women));
    let partner = matches!(gender, Gender::Mixed).then(|| person(random, true));
    Athlete {
        participant_id: format!("{icf_id}.{class_id}"),
        icf_id,
        bib: u32::try_from(order + 1).unwrap_or(u32::MAX),
        members: Vec::new(),
        family_name,
        given_name,
        partner,
        club: pick(random, &CLUBS),
        year: random.random_range(first_year..=last_year),
        category,
    }
}

fn person(random: &mut StdRng, woman: bool) -> (String, String) {
    let (his, hers) = pick(random, &FAMILIES);
    let given = if woman {
        pick(random, &WOMEN)
    } else {
        pick(random, &MEN)
    };
    let family = if woman { hers } else { his };
    (family.to_owned(), given.to_owned())
}

fn pick<T: Copy>(random: &mut StdRng, from: &[T]) -> T {
    *from.choose(random).expect("the lists above are not empty")
}
