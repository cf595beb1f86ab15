//! The pictures of the demo shop: a line drawing on a gradient, as SVG.

use serde::Deserialize;

use super::Good;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Icon {
    Shirt,
    Sweater,
    Jacket,
    Hat,
    Scarf,
    Belt,
    Mug,
    Coffee,
    Knife,
    Pan,
    Board,
    Lamp,
    Candle,
    Cushion,
    Plant,
    Notebook,
    Pen,
    Tray,
    Headphones,
    Speaker,
    Keyboard,
    Backpack,
    Tote,
    Bottle,
    Tent,
    Lantern,
    Gift,
}

/// The picture of a product, square.
pub(super) fn svg(good: &Good) -> String {
    let Good { light, dark, .. } = good;
    let title = good.title.replace('&', "&amp;").replace('<', "&lt;");
    let drawing = good.icon.drawing();
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 800" width="800" height="800" role="img" aria-label="{title}">
<title>{title}</title>
<defs>
<linearGradient id="ground" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="{light}"/><stop offset="1" stop-color="{dark}"/></linearGradient>
<radialGradient id="glow" cx=".5" cy=".42" r=".5"><stop offset="0" stop-color="#fff" stop-opacity=".5"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
</defs>
<rect width="800" height="800" fill="url(#ground)"/>
<circle cx="120" cy="690" r="260" fill="#fff" opacity=".07"/>
<circle cx="700" cy="110" r="190" fill="#fff" opacity=".09"/>
<circle cx="400" cy="380" r="330" fill="url(#glow)"/>
<ellipse cx="400" cy="640" rx="210" ry="22" fill="#000" opacity=".14"/>
<g transform="translate(160 150) scale(2.4)" fill="#fff" fill-opacity=".22" stroke="#fff" stroke-width="6" stroke-linecap="round" stroke-linejoin="round">
{drawing}
</g>
</svg>
"##
    )
}

impl Icon {
    /// Shapes on a field of 200 by 200.
    fn drawing(self) -> &'static str {
        match self {
            Self::Shirt => {
                r#"<path d="M70 30 L30 50 L12 92 L42 104 L52 86 L52 178 L148 178 L148 86 L158 104 L188 92 L170 50 L130 30 C124 52 76 52 70 30 Z"/><path fill="none" d="M62 178 L62 170 M100 178 L100 170 M138 178 L138 170"/>"#
            }
            Self::Sweater => {
                r#"<path d="M72 34 L34 52 L14 150 L42 156 L54 98 L54 176 L146 176 L146 98 L158 156 L186 150 L166 52 L128 34 C120 48 80 48 72 34 Z"/><path fill="none" d="M54 160 L146 160 M82 72 L100 90 L118 72 M82 96 L100 114 L118 96 M82 120 L100 138 L118 120"/>"#
            }
            Self::Jacket => {
                r#"<path d="M70 26 L32 46 L14 148 L42 154 L54 96 L54 180 L146 180 L146 96 L158 154 L186 148 L168 46 L130 26 L100 54 Z"/><path fill="none" d="M100 54 L100 180 M70 26 L84 76 L100 54 L116 76 L130 26 M66 116 L88 116 L88 140 L66 140 Z M112 116 L134 116 L134 140 L112 140 Z"/>"#
            }
            Self::Hat => {
                r#"<path d="M38 122 C38 20 162 20 162 122 Z"/><rect x="28" y="122" width="144" height="40" rx="12"/><circle cx="100" cy="34" r="15"/><path fill="none" d="M70 60 L64 122 M100 50 L100 122 M130 60 L136 122 M58 132 L58 152 M86 132 L86 152 M114 132 L114 152 M142 132 L142 152"/>"#
            }
            Self::Scarf => {
                r#"<path d="M50 52 C60 22 140 22 150 52 C156 84 140 96 100 96 C60 96 44 84 50 52 Z"/><path d="M84 92 L70 172 L104 178 L116 94 Z"/><path d="M118 92 L126 150 L154 144 L138 84 Z"/><path fill="none" d="M70 172 L66 188 M82 174 L80 190 M94 176 L93 192 M104 178 L105 193 M126 150 L129 164 M140 147 L144 161 M154 144 L158 158"/>"#
            }
            Self::Belt => {
                r#"<path d="M100 48 C166 48 186 76 186 100 C186 124 166 152 100 152 C34 152 14 124 14 100 C14 76 34 48 100 48 Z"/><path d="M100 74 C148 74 160 88 160 100 C160 112 148 126 100 126 C52 126 40 112 40 100 C40 88 52 74 100 74 Z"/><rect x="78" y="112" width="44" height="54" rx="8"/><path fill="none" d="M100 139 L122 139"/><circle cx="142" cy="136" r="2"/><circle cx="158" cy="130" r="2"/>"#
            }
            Self::Mug => {
                r#"<path d="M44 70 L136 70 L132 160 C131 172 124 178 114 178 L66 178 C56 178 49 172 48 160 Z"/><path fill="none" d="M136 90 C176 84 176 146 133 142"/><path fill="none" d="M70 50 C62 40 78 34 70 22 M92 50 C84 40 100 34 92 22 M114 50 C106 40 122 34 114 22"/>"#
            }
            Self::Coffee => {
                r#"<path d="M54 26 L146 26 L118 82 L82 82 Z"/><path d="M82 94 L118 94 C150 118 156 178 140 178 L60 178 C44 178 50 118 82 94 Z"/><path fill="none" d="M74 82 L126 82 M66 136 C84 126 116 146 134 134 M146 34 C172 34 170 66 130 58"/>"#
            }
            Self::Knife => {
                r#"<path d="M96 118 L176 22 C188 64 160 112 116 138 Z"/><path d="M96 118 L116 138 L52 186 C40 190 26 176 32 164 Z"/><circle cx="56" cy="162" r="4"/><circle cx="78" cy="146" r="4"/>"#
            }
            Self::Pan => {
                r#"<path d="M16 106 L138 106 L128 146 C126 154 122 158 114 158 L40 158 C32 158 28 154 26 146 Z"/><path d="M136 114 L184 92 C196 88 200 104 190 108 L133 130 Z"/><path fill="none" d="M48 86 C38 72 58 64 48 48 M78 86 C68 72 88 64 78 48 M108 86 C98 72 118 64 108 48"/>"#
            }
            Self::Board => {
                r#"<path d="M60 60 L84 60 L84 30 C84 12 116 12 116 30 L116 60 L140 60 C152 60 158 68 158 78 L158 166 C158 178 150 184 140 184 L60 184 C50 184 42 178 42 166 L42 78 C42 68 48 60 60 60 Z"/><circle cx="100" cy="34" r="6"/><path fill="none" d="M62 92 C90 84 110 104 138 94 M62 122 C92 112 108 134 138 122 M62 152 C90 144 112 162 138 152"/>"#
            }
            Self::Lamp => {
                r#"<path d="M98 24 L160 62 L142 100 L78 62 Z"/><path fill="none" d="M88 50 L44 92 L92 166"/><circle cx="44" cy="92" r="8"/><path d="M58 182 C58 166 126 166 126 182 Z"/><path fill="none" d="M136 116 L130 132 M156 114 L162 130 M118 104 L104 116"/>"#
            }
            Self::Candle => {
                r#"<rect x="52" y="84" width="96" height="98" rx="12"/><path fill="none" d="M52 112 L148 112"/><path fill="none" d="M100 84 L100 66"/><path d="M100 16 C122 44 118 66 100 66 C82 66 78 44 100 16 Z"/><rect x="74" y="130" width="52" height="30" rx="5"/>"#
            }
            Self::Cushion => {
                r#"<path d="M34 34 C70 48 130 48 166 34 C152 70 152 130 166 166 C130 152 70 152 34 166 C48 130 48 70 34 34 Z"/><path fill="none" d="M84 84 L116 116 M116 84 L84 116"/><circle cx="100" cy="100" r="6"/>"#
            }
            Self::Plant => {
                r#"<path d="M64 134 L136 134 L126 184 L74 184 Z"/><path fill="none" d="M100 134 L100 74 M100 122 L64 86 M100 112 L140 76"/><path d="M100 74 C76 54 84 24 100 14 C116 24 124 54 100 74 Z"/><path d="M64 86 C36 92 22 72 22 54 C44 50 64 62 64 86 Z"/><path d="M140 76 C142 50 162 40 180 44 C182 66 164 84 140 76 Z"/>"#
            }
            Self::Notebook => {
                r#"<rect x="44" y="22" width="116" height="156" rx="10"/><path fill="none" d="M66 22 L66 178 M86 62 L138 62 M86 84 L138 84 M86 106 L120 106"/><path d="M128 150 L128 194 L138 184 L148 194 L148 150 Z"/>"#
            }
            Self::Pen => {
                r#"<path d="M138 20 L180 62 L92 150 L50 108 Z"/><path d="M50 108 L92 150 L26 176 Z"/><path fill="none" d="M26 176 L62 140 M118 40 L160 82"/><circle cx="66" cy="136" r="5"/>"#
            }
            Self::Tray => {
                r#"<path d="M20 112 L180 112 L166 160 C164 166 160 168 154 168 L46 168 C40 168 36 166 34 160 Z"/><path fill="none" d="M100 112 L100 168"/><path d="M50 112 L70 34 L84 38 L66 112 Z"/><path d="M124 112 C108 84 164 84 150 112 Z"/><circle cx="137" cy="66" r="14"/>"#
            }
            Self::Headphones => {
                r#"<path fill="none" d="M34 120 C34 8 166 8 166 120"/><rect x="22" y="108" width="36" height="66" rx="16"/><rect x="142" y="108" width="36" height="66" rx="16"/><path fill="none" d="M58 126 L58 156 M142 126 L142 156"/>"#
            }
            Self::Speaker => {
                r#"<rect x="20" y="22" width="74" height="158" rx="10"/><rect x="106" y="22" width="74" height="158" rx="10"/><circle cx="57" cy="130" r="26"/><circle cx="143" cy="130" r="26"/><circle cx="57" cy="62" r="14"/><circle cx="143" cy="62" r="14"/><circle cx="57" cy="130" r="8"/><circle cx="143" cy="130" r="8"/>"#
            }
            Self::Keyboard => {
                r#"<rect x="10" y="54" width="180" height="96" rx="14"/><path fill="none" stroke-width="12" d="M34 80 L36 80 M60 80 L62 80 M86 80 L88 80 M112 80 L114 80 M138 80 L140 80 M164 80 L166 80 M34 102 L36 102 M60 102 L62 102 M86 102 L88 102 M112 102 L114 102 M138 102 L140 102 M164 102 L166 102 M34 125 L36 125 M66 125 L134 125 M164 125 L166 125"/><path fill="none" d="M100 54 C100 34 124 44 124 22"/>"#
            }
            Self::Backpack => {
                r#"<path d="M52 76 C52 30 148 30 148 76 L154 166 C154 176 148 182 138 182 L62 182 C52 182 46 176 46 166 Z"/><path fill="none" d="M82 42 C82 14 118 14 118 42 M52 76 L148 76"/><rect x="68" y="112" width="64" height="50" rx="9"/><path fill="none" d="M68 130 L132 130 M100 76 L100 96"/>"#
            }
            Self::Tote => {
                r#"<path d="M36 74 L164 74 L176 182 L24 182 Z"/><path fill="none" d="M68 98 L68 52 C68 10 132 10 132 52 L132 98"/><path fill="none" d="M82 134 C88 120 100 124 100 136 C100 124 112 120 118 134 C122 146 108 154 100 162 C92 154 78 146 82 134 Z"/>"#
            }
            Self::Bottle => {
                r#"<path d="M76 62 L124 62 C140 78 142 88 142 100 L142 170 C142 180 136 186 128 186 L72 186 C64 186 58 180 58 170 L58 100 C58 88 60 78 76 62 Z"/><rect x="78" y="34" width="44" height="28" rx="5"/><path fill="none" d="M86 34 C86 8 114 8 114 34 M58 116 L142 116 M58 156 L142 156"/>"#
            }
            Self::Tent => {
                r#"<path d="M100 30 L186 170 L14 170 Z"/><path d="M100 30 L132 170 L68 170 Z"/><path fill="none" d="M100 30 L92 16 M100 30 L108 16 M14 170 L4 182 M186 170 L196 182 M100 30 L100 120"/>"#
            }
            Self::Lantern => {
                r#"<path d="M70 58 L130 58 L140 150 L60 150 Z"/><rect x="50" y="150" width="100" height="30" rx="8"/><rect x="72" y="38" width="56" height="20" rx="6"/><path fill="none" d="M60 58 C34 8 166 8 140 58"/><path d="M100 80 C118 104 114 126 100 126 C86 126 82 104 100 80 Z"/>"#
            }
            Self::Gift => {
                r#"<rect x="30" y="88" width="140" height="92" rx="8"/><rect x="20" y="58" width="160" height="32" rx="8"/><path fill="none" d="M100 58 L100 180 M100 58 C60 58 50 18 76 18 C94 18 100 40 100 58 C100 40 106 18 124 18 C150 18 140 58 100 58"/>"#
            }
        }
    }
}
