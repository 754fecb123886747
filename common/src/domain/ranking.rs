//! Places, gaps and the order in which a race is listed.

use std::collections::HashMap;

use super::{CatId, Hundredths, ResultStatus};

/// What decides about one participant's place.
#[derive(Debug, Clone, Copy)]
pub struct Contender<'a> {
    /// Keeps equal totals in a stable order.
    pub bib: Option<u32>,
    /// Age category.
    pub cat_id: Option<&'a CatId>,
    /// What is ranked by; nothing without it.
    pub total: Option<Hundredths>,
    /// Nobody with a status is ranked.
    pub status: Option<ResultStatus>,
}

impl Contender<'_> {
    fn ranked_total(&self) -> Option<Hundredths> {
        self.total.filter(|_| self.status.is_none())
    }

    /// Ranked, then those who started and have no result, then DNS, then those still to come.
    fn group(&self) -> u8 {
        match (self.ranked_total(), self.status) {
            (Some(_), _) => 0,
            (None, Some(ResultStatus::Dns)) => 2,
            (None, Some(_)) => 1,
            (None, None) => 3,
        }
    }
}

/// A place among others, with the gap to the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// 1 for the best; equal totals share it and the next ones are skipped.
    pub rank: u32,
    /// [`Hundredths::behind`] the first.
    pub behind: String,
}

/// One line of the list: who stands there, and with which places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Index into the contenders that were ranked.
    pub index: usize,
    /// Place in the race.
    pub overall: Option<Place>,
    /// Place in the category.
    pub in_category: Option<Place>,
}

/// Hands out places in the order of totals.
#[derive(Default)]
struct Counter {
    count: u32,
    leader: Option<Hundredths>,
    last: Option<(Hundredths, u32)>,
}

impl Counter {
    fn place(&mut self, total: Hundredths) -> Place {
        self.count += 1;
        let leader = *self.leader.get_or_insert(total);
        let rank = match self.last {
            Some((last_total, last_rank)) if last_total == total => last_rank,
            _ => self.count,
        };
        self.last = Some((total, rank));
        Place {
            rank,
            behind: total.behind(leader),
        }
    }
}

/// Ranks a race and puts it in the order in which it is listed.
pub fn rank(contenders: &[Contender<'_>]) -> Vec<Standing> {
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    order.sort_by_key(|&index| {
        let contender = &contenders[index];
        (
            contender.group(),
            contender.ranked_total(),
            contender.bib.unwrap_or(u32::MAX),
        )
    });
    let mut overall = Counter::default();
    let mut by_category: HashMap<Option<&CatId>, Counter> = HashMap::new();
    let standing = |index: usize| {
        let contender = &contenders[index];
        let total = contender.ranked_total();
        let mut place_in_category = |total| {
            contender.cat_id?;
            Some(
                by_category
                    .entry(contender.cat_id)
                    .or_default()
                    .place(total),
            )
        };
        Standing {
            index,
            in_category: total.and_then(&mut place_in_category),
            overall: total.map(|total| overall.place(total)),
        }
    };
    order.into_iter().map(standing).collect()
}

#[cfg(test)]
mod tests {
    use super::{CatId, Contender, Hundredths, ResultStatus, rank};

    #[test]
    fn equal_totals_share_the_rank_and_the_unranked_come_last_in_groups() {
        let (zs, zm) = (CatId::new("ZS"), CatId::new("ZM"));
        let contender = |bib, cat_id, total: Option<u64>, status| Contender {
            bib: Some(bib),
            cat_id: Some(cat_id),
            total: total.and_then(Hundredths::new),
            status,
        };
        let contenders = [
            contender(1, &zs, None, None),
            contender(2, &zs, Some(9000), None),
            contender(3, &zm, Some(9000), None),
            contender(4, &zm, Some(8000), None),
            contender(5, &zm, Some(9100), None),
            contender(6, &zs, None, Some(ResultStatus::Dns)),
            contender(7, &zs, Some(100), Some(ResultStatus::Dsq)),
        ];
        let list: Vec<_> = rank(&contenders)
            .into_iter()
            .map(|s| {
                let overall = s.overall.map(|p| (p.rank, p.behind));
                let category = s.in_category.map(|p| (p.rank, p.behind));
                (contenders[s.index].bib.unwrap_or(0), overall, category)
            })
            .collect();
        let place = |rank, behind: &str| Some((rank, behind.to_owned()));
        assert_eq!(
            list,
            [
                (4, place(1, "0.00"), place(1, "0.00")),
                (2, place(2, "+10.00"), place(1, "0.00")),
                (3, place(2, "+10.00"), place(2, "+10.00")),
                (5, place(4, "+11.00"), place(3, "+11.00")),
                (7, None, None),
                (6, None, None),
                (1, None, None),
            ]
        );
    }
}
