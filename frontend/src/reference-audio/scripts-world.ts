/** Texts to read aloud in languages other than English, by ISO 639-1 code. Loaded when needed. */

export const WORLD_SCRIPTS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  de: [
    "Am frühen Morgen lag noch dichter Nebel über dem See. Ein Fischer schob sein Boot leise ins Wasser, zündete eine Lampe an und ruderte hinaus. Als die Sonne aufging, hatte er schon drei Fische gefangen und dachte an ein gutes Frühstück.",
    "Meine Nachbarin spielt jeden Abend Klavier. Zuerst übt sie langsam und vorsichtig, dann immer schneller, und zum Schluss öffnet sie das Fenster. Manchmal bleiben die Leute auf der Straße stehen, hören eine Weile zu und gehen lächelnd weiter.",
  ],
  fr: [
    "Chaque matin, le boulanger ouvre sa boutique avant le lever du soleil. L’odeur du pain chaud remplit la rue, et les premiers clients arrivent encore un peu endormis. Il les connaît tous et leur demande toujours comment s’est passée la soirée.",
    "Nous avons marché longtemps le long de la plage. Le vent soufflait fort, les enfants couraient devant nous, et un vieux chien dormait près d’une barque bleue. Au retour, nous avons bu un chocolat dans un petit café au bord du port.",
  ],
  es: [
    "El tren llegó con diez minutos de retraso, pero a nadie pareció importarle. Una mujer leía el periódico, dos niños jugaban con una pelota roja y un señor mayor nos contó, sin prisa, cómo era el pueblo cuando él era joven.",
    "En el jardín de mi abuela había un limonero muy grande. En verano nos sentábamos a su sombra, bebíamos agua fresca y escuchábamos las historias de siempre. Ahora vivo lejos, pero cada vez que huelo un limón vuelvo a aquella casa.",
  ],
  it: [
    "Ogni sera, dopo cena, mio nonno usciva a fare due passi lungo il fiume. Salutava tutti, si fermava a guardare le barche e tornava a casa con una storia nuova. Diceva che chi cammina piano vede molte più cose.",
    "Il mercato apre alle sette e alle otto è già pieno di gente. C’è chi cerca le pesche più dolci, chi discute il prezzo del pesce e chi viene solo per chiacchierare. Io compro sempre un mazzo di fiori gialli.",
  ],
  pt: [
    "Quando a chuva começou, corremos para a varanda da casa velha. Lá dentro alguém tocava violão, e o cheiro de café chegava até nós. Ficamos ali quase uma hora, conversando baixinho, até que o sol voltou a aparecer por trás das nuvens.",
    "O meu pai conserta relógios há trinta anos. A oficina é pequena, mas cada prateleira guarda uma história. Ele escuta com atenção, abre a tampa com cuidado e diz que todo relógio, por mais antigo que seja, ainda quer andar.",
  ],
  nl: [
    "Op zaterdagochtend fietsen we altijd langs het kanaal naar de markt. Mijn zus koopt brood en kaas, ik zoek de mooiste appels uit, en daarna drinken we koffie op het plein. Als het regent, schuilen we onder de grote klok van het station.",
    "De oude molen aan de rand van het dorp draait nog elke week. De molenaar vertelt graag hoe zijn vader het werk deed, zonder haast en met veel geduld. Kinderen mogen mee naar boven en kijken dan over de groene velden.",
  ],
  ru: [
    "Рано утром мы вышли из дома и пошли к озеру. Было тихо, только где-то далеко кричала птица. Дедушка нёс удочки, а я старое ведро. К обеду мы поймали пять рыб, развели костёр и пили горячий чай с мятой.",
    "В нашем дворе растёт большая яблоня. Весной она вся белая, а осенью дети собирают под ней яблоки и относят их соседям. Говорят, её посадил человек, который когда-то построил этот дом и очень любил тишину.",
  ],
  ar: [
    "في صباح كل يوم يفتح جارنا دكانه الصغير قبل شروق الشمس. يرتب الفواكه أمام الباب، ويشرب كوبا من الشاي، ثم يحيي كل من يمر في الشارع. يقول دائما إن اليوم الجميل يبدأ بكلمة طيبة وابتسامة صادقة.",
    "جلسنا على شاطئ البحر نراقب القوارب وهي تعود إلى الميناء. كان الهواء باردا، وكان الأطفال يركضون على الرمل ويضحكون. حكى لنا جدي كيف تعلم الصيد وهو صغير، وكيف كان يعرف طريقه من النجوم.",
  ],
  hi: [
    "सुबह होते ही दादाजी बगीचे में चले जाते थे। वे हर पौधे को पानी देते, सूखे पत्ते हटाते और धीरे-धीरे कोई पुराना गीत गुनगुनाते। जब हम उठते, तो मेज पर गरम चाय और ताज़े फल हमारा इंतज़ार कर रहे होते।",
    "पिछली गर्मियों में हम पहाड़ों पर घूमने गए थे। रास्ता लंबा था, लेकिन हर मोड़ पर एक नया दृश्य दिखाई देता था। शाम को हमने नदी के किनारे खाना बनाया और देर रात तक तारों को देखते रहे।",
  ],
  zh: [
    "清晨的公园里，有人打太极拳，有人遛狗，还有几个孩子在湖边放风筝。我坐在长椅上，喝着热豆浆，听一位老人慢慢讲起他年轻时在海上工作的故事。风很轻，阳光照在水面上，像一片碎金。",
    "我家楼下有一家小书店，开了二十多年。老板记得每位客人喜欢看什么书，也愿意让大家坐下来慢慢读。下雨天，店里会煮一壶茶，窗外的雨声和翻书的声音混在一起，让人不想离开。",
  ],
  ja: [
    "朝早く、祖父は庭に出て、ゆっくりと花に水をやります。それから縁側に座り、熱いお茶を飲みながら、遠くの山を眺めます。雨の日には古い写真を取り出して、若いころに旅をした町の話をしてくれます。",
    "駅前の小さな喫茶店は、いつも静かな音楽が流れています。店の人は名前を聞かなくても、私の好きな席と飲み物を覚えていてくれます。窓の外を走る電車を見ていると、時間がゆっくり進むように感じます。",
  ],
  ko: [
    "아침 일찍 할머니는 시장에 가서 싱싱한 채소와 생선을 사 오셨다. 부엌에서는 곧 맛있는 냄새가 나기 시작했고, 우리는 하나둘 식탁에 모여 앉았다. 창밖에는 가느다란 비가 내리고 있었지만 집 안은 무척 따뜻했다.",
    "지난 주말에 친구와 함께 작은 섬으로 여행을 갔다. 배를 타고 한 시간쯤 가니 하얀 등대가 보였다. 우리는 바닷가를 천천히 걸으며 이야기를 나누고, 해가 질 때까지 파도 소리를 들었다.",
  ],
};
