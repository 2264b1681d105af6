//! Damaged copies of what is read from outside. The open-ended twin is `fuzz/fuzz_targets/analysis.rs`.

use crate::anything::read_anything;
use crate::random::Random;

const TICKS: &str = "[900,1,100,0]\n{\"stable\":{\"requests\":900,\"bad\":1},\"candidate\":{\"requests\":100,\"bad\":4}}\n\
    [18446744073709551615,18446744073709551615,1,1]\n1.5\nNaN\n";

/// One case of each block.
const VECTORS: &str = r#"{"wald":[{"p0":0.01,"p1":0.02,"kl":0.004,"power_one_bound_alpha01":1176.7}],
"rate_ratio_eprocess":{"cases":[{"r0":1.0,"side":"harm","ticks":[[835,1,44,0],[369,0,19,0]],"log_e":[1,2],"first_tick_ge_ln100":null,"running_p":[1,1],"cs95":[0.1,9]}]},
"sample_ratio_mismatch":{"cases":[{"weights":[0.5,0.5],"counts":[31,26],"k":1000.0,"log_e":2.7}]},
"bernoulli_confidence_sequence":{"cases":[{"s":12,"n":296,"alpha":0.01,"t_opt":1000,"alpha_opt":0.05,"ci":[0.1,0.9]}]},
"quantile_ab_p_value":{"cases":[{"a":[1,2,3],"b":[2,3,4],"p":0.9,"t_opt":200,"alpha_opt":0.05,"p_value":1.0}]},
"kayenta_classify":{"cases":[{"experiment":[1,2,null],"control":[2,3,4],"config":{"direction":"increase"},"ci98":[1,2,3],"mannwhitney_U":2,"mannwhitney_p":0.2,"classification":"Pass","critical_failure":false}]},
"kayenta_score":{"cases":[{"results":[{"groups":["a"],"cls":"Pass","critical":false}],"group_weights":{"a":50},"pass":75,"marginal":50,"score":50,"verdict":"Marginal"}]},
"threshold_triggers":{"cases":[{"ticks":[[5,35,0],[10,56,9]],"sustained_gt10pct_30s_nmin10":null,"window_gt1pct_300s_nmin200":null,"burn":[{"long_s":300,"short_s":25,"factor":14.4,"burn_long":1,"burn_short":1,"fires":true}]}]},
"change_points_otava":{"cases":[{"series":[1,2,1,2,9,8,9,8,9],"index":[],"p":[],"mean_before":[],"mean_after":[],"first_candidate":4,"first_qhat":15.9}]},
"risk_logit_map":{"X":[[1,0.5]],"y":[1],"prior_mean":[0,0],"prior_precision":[1,1],"beta":[0,0],"laplace_sd":[1,1],"p_first_row":0.5,"p_no_history_first_row":0.5},
"percentile_r7":{"x":[1,2],"p":[50],"v":[1.5]}}"#;

/// Bytes that mean something to a reader of JSON or of figures.
const TELLING: &[u8] = b"0919-.eE\"[]{},:\n\\nul\xff ";

#[test]
fn no_damage_ends_a_reader() {
    let mut random = Random(23);
    for whole in [TICKS, VECTORS] {
        read_anything(whole.as_bytes());
        for _ in 0..400 {
            let mut bytes = whole.as_bytes().to_vec();
            for _ in 0..3 {
                let at = random.below(bytes.len());
                let byte = TELLING[random.below(TELLING.len())];
                match random.below(3) {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
            }
            read_anything(&bytes);
        }
    }
}
