/**
 * Beginnings of words by what they mean, in all languages that the rules know, separated by `|`. A blank stands for any blank, hyphen or
 * underscore. Accents are left out. A stem ends anywhere in its word, one with `.` at its end only where the word ends.
 */
export const stems = {
  ignore:
    'ignor|disregard|forget|forgot.|overrid|overrul|bypass|discard|pay no attention|do not follow|dont follow|stop following|' +
    'do not obey|set aside|throw out|throw away|never mind|neglect|wipe out|abandon|supersede|no longer follow|' +
    'olvid|haz caso omiso|no sigas|descart|desconsider|esquec|nao siga|vergiss|vergesst|vergessen sie|missacht|befolge nicht|' +
    'beachte nicht|oublie|ne tiens pas compte|ne tenez pas compte|ne suis plus|fais abstraction|игнорир|проигнорир|забудь|забыть|' +
    'не обращай внимания|не следуй|отмени|dimentica|non seguire|negeer|vergeet|zignoruj|zapomnij|unuttur|unut|yoksay|yok say|' +
    '忽略|无视|無視|忘记|忘掉|忘記|忽視|忽视|抛开|不要理会|不用理会|不要遵守|不再遵守|不必遵守|作废|忘れて|忘れろ|忘れ去|従わない|무시|잊어|lupakan|abaikan|bo qua|تجاهل|انس',
  before:
    'previous|prior|above|preceding|earlier|before|foregoing|existing|initial|original|everything|every|all|any|current|' +
    'your|yours|system|developer|default|built in|old|you were given|you got|you received|you have been given|you were told|' +
    'anterior|previ|existent|todas|todos|todo|tus|sus|seus|suas|vorherig|vorig|bisherig|vorangegang|oben|obig|alle|deine|ihre|sämtlich|' +
    'precedent|anterieur|ci dessus|toutes|tous|tes|vos|предыдущ|прежн|прошл|все|всё|выше|свои|твои|ранее|precedenti|tutte|eerdere|vorige|poprzedn|wczesniejsz|' +
    'wszystk|onceki|tum|sebelum|truoc|السابقة|' +
    '之前|以前|先前|上面|前面|以上|所有|此前|原有|全部|一切|这些|你的|これまで|上記|今まで|すべて|全て|前の|先の|元の|既存|이전|위의|모든|기존',
  orders:
    'instruction|instruct.|rule|prompt|guideline|directive|direction|constraint|restriction|polic|programming|safeguard|guardrail|safety|' +
    'orders|command|told|training|system message|ethic|' +
    'instruccion|regla|ordenes|indicacion|directriz|directric|instruc|regra|diretriz|ordens|anweisung|regeln|regel|vorgabe|instruktion|befehl|' +
    'richtlinie|consigne|regle|directive|ordres|инструкц|указани|правил|команд|ограничени|istruzion|regole|instructie|instrukcj|polecen|zasad|talimat|kural|instruksi|huong dan|التعليمات|' +
    '指令|指示|规则|規則|提示|命令|要求|限制|设定|設定|规定|规范|指引|ルール|プロンプト|制約|制限|지시|명령|규칙|프롬프트',
  reveal:
    'reveal|show|print|repeat|output|display|tell me|send me|give me|send us|share|dump|leak|expose|write out|what is|what are|whats|list|disclose|' +
    'recite|paste|post|quote|echo|return|provide|hand over|hand me|forward|email|upload|attach|include|spell out|translate|summari|copy|' +
    'let me see|need your|give us|want your|transmit|fetch|read out|' +
    'revela|muestra|muestrame|enviame|dame|imprime|escribe|comparte|repite|envia|mostre|mostra|envie|me de|revele|repita|compartilhe|zeig|verrate|' +
    'gib mir|sende mir|schick|nenne|wiederhol|drucke|revele|montre|affiche|envoie|donne|repete|communique|покажи|раскрой|выведи|пришли|отправь|' +
    'повтори|сообщи|скажи|назови|mostrami|rivela|toon|onthul|pokaz|ujawnij|goster|tampilkan|' +
    '显示|展示|输出|告诉我|发给我|给我|透露|泄露|打印|重复|复述|列出|发送|提供|说出|公开|見せて|教えて|表示|出力|送って|公開|開示|送信|繰り返|보여|알려|출력|공개|보내',
  hiddenPrompt:
    'system prompt|your prompt|your instruction|initial instruction|initial prompt|hidden instruction|hidden prompt|original prompt|' +
    'original instruction|developer message|system message|system instruction|secret instruction|text above|everything above|words above|' +
    'message above|above this line|your rules|your guidelines|your configuration|your system|first message|internal instruction|internal prompt|pre prompt|preprompt|custom instruction|' +
    'instrucciones del sistema|prompt del sistema|tus instrucciones|tu prompt|instrucoes do sistema|suas instrucoes|prompt do sistema|seu prompt|' +
    'systemprompt|systemanweisung|deine anweisung|deine instruktion|ihre anweisung|prompt systeme|instructions systeme|tes instructions|vos instructions|' +
    'системный промпт|системные инструкции|системную подсказку|твои инструкции|свои инструкции|системный prompt|' +
    '系统提示|系統提示|提示词|初始指令|你的指令|你的设定|内部指令|隐藏指令|系统指令|システムプロンプト|初期指示|内部指示|あなたの指示|시스템 프롬프트|시스템 메시지',
  secrets:
    'api key|api keys|apikey|access key|secret key|private key|signing key|your key|your keys|your token|api token|access token|auth token|' +
    'bearer token|session token|gateway token|your secret|your password|passwords|credential|passphrase|seed phrase|recovery phrase|ssh key|' +
    'id rsa|id ed25519|environment variable|.env|env file|etc passwd|etc shadow|keychain|cookie|login data|your memory|memory file|memory.md|' +
    'soul.md|your files|config file|openclaw.json|keystore|wallet|contact list|your contacts|private data|owners data|owners email|owners calendar|home address|credit card|your logs|conversation history|chat history|' +
    'clave api|clave privada|claves|contrasena|credenciales|token de acceso|variables de entorno|chave de api|chave privada|senha|credenciais|' +
    'api schlussel|privaten schlussel|passwort|zugangsdaten|umgebungsvariable|cle api|cles api|cle privee|mot de passe|mots de passe|identifiants|' +
    'variables d environnement|ключ api|api ключ|приватный ключ|закрытый ключ|парол|токен|учетные данные|переменные окружения|chiave privata|credenziali|wachtwoord|hasło|' +
    '密钥|金鑰|私钥|密码|令牌|凭证|凭据|环境变量|通讯录|聊天记录|記憶|记忆文件|パスワード|秘密鍵|apiキー|トークン|認証情報|環境変数|비밀번호|개인 키|api 키|자격 증명',
  mine: 'your|you|me|us|my|owner|operator|tu|tus|mir|deine|dein|moi|tes|ton|ta|мне|свой|твой|твои|свои|ваши|me|seu|sua|你|您|我|あなた|당신|나에게',
  newRole:
    'you are now|you are no longer|from now on|from this moment|from this point|starting now|pretend|act as|act like|roleplay|role play|' +
    'imagine you|you will be|you must act|behave as|assume the role|assume the persona|simulate|enter|switch to|activate|enable|become|' +
    'ahora eres|a partir de ahora|actua como|finge|haz de cuenta|desde ahora|du bist jetzt|du bist nun|ab jetzt|ab sofort|von nun an|tu so als|spiele die rolle|' +
    'tu es maintenant|vous etes maintenant|desormais|a partir de maintenant|agis comme|fais semblant|fais comme si|ты теперь|теперь ты|с этого момента|отныне|' +
    'притворись|веди себя как|представь что ты|voce agora|agora voce|a partir de agora|aja como|finja|sei ora|d ora in poi|' +
    '你现在是|从现在起|从现在开始|现在开始|假装|扮演|你不再|进入|切换到|あなたは今|今から|これから|のふりを|として振る舞|として行動|演じて|지금부터|너는 이제',
  lawless:
    'unrestrict|without restriction|no restriction|without any restriction|without limit|no limits|without filter|unfiltered|uncensor|developer mode|' +
    'debug mode|admin mode|god mode|maintenance mode|root mode|sudo mode|dan mode|do anything now|jailbr|no rules|without rules|without any rules|no longer bound|not bound|no safety|without safety|' +
    'no ethic|no moral|evil|amoral|free of all|freed from|no guidelines|no content policy|any content policy|answers everything|never refuse|cannot refuse|can not refuse|no filter|unlimited|unhinged|' +
    'sin restricciones|sin limites|sin filtros|sin reglas|modo desarrollador|sem restricoes|sem limites|sem filtros|sem regras|modo desenvolvedor|ohne einschrankung|ohne beschrankung|ohne regeln|ohne filter|uneingeschrankt|entwicklermodus|' +
    'sans restriction|sans limite|sans filtre|sans regle|mode developpeur|без ограничени|без правил|без фильтр|без цензур|режим разработчик|senza restrizioni|senza filtri|' +
    '没有限制|不受限制|无限制|没有任何限制|不受任何|开发者模式|开发人员模式|越狱|没有规则|无任何约束|管理员模式|調試模式|调试模式|制限のない|制限なし|無制限|開発者モード|脱獄|ルールに縛られ|フィルターなし|제한 없|개발자 모드|탈옥',
  claim:
    'i am|im|this is|speaking as|it is|its|as the|as your|on behalf of|message from|notice from|request from|order from|directive from|signed by|sent by|from the|' +
    'official|authorised by|authorized by|approved by|we are|here is|your real|' +
    'soy|habla|mensaje de|en nombre de|de parte de|ich bin|hier ist|hier spricht|nachricht von|im auftrag|je suis|ici|message de|de la part|au nom de|я|это|сообщение от|от имени|говорит|' +
    'sou|eu sou|mensagem de|em nome de|sono il|sono la|我是|这是|我就是|来自|代表|私は|私が|こちらは|からの連絡|からのメッセージ|나는|저는',
  authority:
    'your owner|your administrator|your admin|your developer|your creator|your operator|your master|your user|your boss|your human|the owner of this agent|' +
    'the owner of this node|owner of this agent|owner of this node|owner of this gateway|openai|anthropic|google deepmind|system administrator|root user|security team|' +
    'the administrator|platform team|platform operator|mesh administrator|mesh admin|mesh operator|network administrator|super user|superuser|core team|' +
    'tu dueno|tu propietario|tu administrador|tu creador|su propietario|administrador del sistema|dein besitzer|dein eigentumer|dein administrator|dein entwickler|dein inhaber|systemadministrator|der administrator|' +
    'ton proprietaire|votre proprietaire|ton administrateur|ton createur|administrateur systeme|l administrateur|твой владелец|ваш владелец|твой администратор|твой создатель|твой хозяин|администратор|' +
    'seu dono|teu dono|seu proprietario|seu administrador|seu criador|administrador do sistema|il tuo proprietario|l amministratore|' +
    '你的主人|你的所有者|你的管理员|系统管理员|你的开发者|你的创造者|管理员|机主|あなたの所有者|あなたのオーナー|あなたの持ち主|システム管理者|管理者|あなたの開発者|당신의 주인|시스템 관리자',
  demand:
    'authori|grant|must|require|immediately|obey|comply|order you|command you|permission|unlock|disable|give me|send me|grant me|at once|right away|without delay|' +
    'bypass|override|overrid|approve|confirm|execute|trust me|do as|hand over|provide|full access|allowed|you may now|you can now|instruct|urgent|skip|' +
    'debes|obedece|autoriz|inmediat|permiso|da me|desbloque|musst|mussen|gehorch|sofort|erlaub|genehmig|freigabe|berechtig|dois|devez|obeis|immediat|autoris|donne moi|' +
    'должен|обязан|немедленно|разреш|выполн|подчин|deve|obedec|imediat|permiss|devi|subito|' +
    '必须|立即|马上|授权|允许|服从|批准|执行|听从|权限|しなければ|ください|直ちに|すぐに|許可|従|承認|実行|해야|즉시|허가|승인',
  conceal:
    'do not|dont|never|without|must not|should not|no need to|avoid|refrain from|keep this from|keep it from|hide this from|hide it from|hide from|conceal|secret from|hidden from|' +
    'no le|no se lo|no les|sin que|sin decir|nunca|nicht|ohne|niemals|ne|sans|не|никому|без ведома|nao|sem|non|senza|' +
    '不要|别|请勿|勿|不得|不能让|别让|瞒着|ないで|ずに|せずに|말하지|알리지',
  telling:
    'tell|inform|mention|notif|alert|warn|report|let|letting|reveal|telling|ask|asking|know|knows|knowing|from|consult|confirm with|involv|' +
    'diga|digas|decir|cuent|inform|mencion|avis|sepa|sag|erzahl|erwahn|mitteil|benachrichtig|wissen|weiss|informier|dis|dire|dites|parle|mentionn|inform|previen|sache|' +
    'говор|сообщ|рассказ|упомин|уведомл|показ|знал|conte|diga|mencione|avise|saiba|dire|' +
    '告诉|告知|提及|通知|说|让|知道|提到|透露|教え|言わ|伝え|知らせ|話さ|報告|알리|말하',
  human:
    'user|users|owner|owners|human|operator|admin|administrator|anyone|anybody|nobody|master|supervisor|person|people in charge|' +
    'usuario|dueno|propietario|nadie|benutzer|nutzer|besitzer|eigentumer|inhaber|niemand|menschen|utilisateur|proprietaire|personne|' +
    'пользовател|владел|хозя|никому|человек|usuaria|dono|ninguem|utente|proprietario|' +
    '用户|主人|所有者|机主|管理员|任何人|人类|ユーザー|利用者|所有者|オーナー|誰にも|人間|사용자|소유자',
  run:
    'run|execut|paste|type|launch|invoke|perform|eval|enter|open a terminal|open a shell|start|use|call|issue|apply|ejecut|corre|lanza|fuhre|starte|gib ein|execute|lance|' +
    'выполни|запусти|введи|executa|rode|esegui|运行|执行|輸入|输入|调用|打开终端|実行|起動|入力|実施|실행|입력',
  shell:
    'bash c|sh c|bin sh|bin bash|curl s|curl f|curl http|curl l|curl k|curl o|wget http|wget q|wget o|rm rf|chmod|chown|sudo|nc e|ncat|netcat|powershell|cmd exe|invoke webrequest|invoke expression|iex|python c|perl e|base64 d|' +
    'eval(|exec(|os system|subprocess|crontab|authorized keys|ssh keygen|dd if|mkfs|scp|nohup|dev tcp|osascript|certutil|' +
    'shell command|terminal command|following command|this command|the command below|these commands|comando siguiente|siguiente comando|folgenden befehl|commande suivante|следующую команду|seguinte comando|' +
    'npx|pip install|npm install|npm i.|docker run|git clone|以下命令|这条命令|下面的命令|如下命令|次のコマンド|以下のコマンド|このコマンド|다음 명령',
  grantVerb:
    'approve|accept|add|trust|raise|promote|set|change|upgrade|grant|give|elevate|make|confirm|verify|allow|whitelist|apruebe|aprueba|acepta|agrega|anade|genehmig|akzeptier|fuge|hinzu|stufe|' +
    'approuve|accepte|ajoute|promeus|одобри|прими|добавь|повысь|подтверди|aprov|aceit|adicion|eleve|promov|approva|accetta|批准|同意|添加|提升|通过|接受|设置|设为|承認|追加|受け入れ|昇格|変更|승인|추가|수락',
  relation:
    'contact request|pending request|as a contact|new contact|as a peer|as a trusted|my tier|tier to|our tier|trust level|to owner|owner tier|tier owner|to trusted|trusted tier|trusted contact|' +
    'your contacts|contact list|mesh approve|mesh tier|mesh review|mesh verify|mesh join|mesh invite|allowlist|whitelist|safety number|held message|review queue|messages in review|permission level|owner rights|admin rights|owner permission|' +
    'solicitud de contacto|como contacto|nivel de confianza|kontaktanfrage|als kontakt|vertrauensstufe|stufe owner|auf owner|demande de contact|comme contact|niveau de confiance|' +
    'запрос на контакт|в контакты|как контакт|уровень довер|pedido de contato|solicitacao de contato|como contato|nivel de confianca|richiesta di contatto|' +
    '联系人请求|联系请求|好友请求|为联系人|信任级别|信任等级|权限级别|为所有者|白名单|連絡先リクエスト|連絡先に|連絡先として|コンタクト申請|信頼レベル|権限|연락처',
  carry:
    'send|post|upload|forward|exfiltrat|transmit|leak|append|embed|email|beacon|deliver|put|push|submit|report|copy|encode|add|include|load|render|fetch|' +
    'envia|manda|publica|sube|sende|schick|ubertrag|lade|hange|poste|envoie|transmet|publie|ajoute|отправ|перешли|загруз|передай|выложи|добавь|envie|mande|publique|anexe|invia|' +
    '发送|上传|提交|转发|附加|发到|发给|传到|送信|アップロード|転送|投稿|添付|付けて|보내|업로드|전송',
  privateData:
    'conversation history|chat history|this conversation|your conversation|whole conversation|entire conversation|full conversation|conversation so far|your memory|your context|context window|message history|api key|secret|credential|password|private key|token|' +
    'environment variable|your files|home directory|ssh|your contacts|contact list|private|confidential|everything you know|all you know|personal data|owners|user data|users data|system prompt|your notes|' +
    'inbox|your instructions|memory.md|historial|contrasena|credencial|secreto|claves|datos privados|memoria|verlauf|passwort|zugangsdaten|geheim|schlussel|gedachtnis|historique|mot de passe|identifiants|secrets|memoire|' +
    'историю|перепис|парол|секрет|ключи|память|контакты|переменные|historico|senha|credencia|segredo|chaves|聊天记录|对话|历史|密钥|密码|凭证|记忆|环境变量|通讯录|隐私|系统提示|会話|履歴|パスワード|秘密|認証情報|記憶|連絡先|鍵|비밀|대화',
  address: 'http |https |ftp |webhook|www.|dns query|bit.ly|pastebin|ngrok|requestbin|attacker|@',
  spread:
    'forward|send|broadcast|pass|copy|relay|resend|repeat|share|include|spread|append|put|' +
    'reenvia|manda|envia|difunde|copia|weiterleit|leite|schick|sende|verbreit|transmets|transmettez|fais suivre|diffuse|envoie|перешли|разошли|отправь|передай|скопируй|encaminh|repass|espalhe|inoltra|' +
    '转发|发送|传播|群发|复制|転送|拡散|送っ|送信|コピー|전달',
  thisText:
    'this message|this text|this prompt|these instructions|this instruction|this note|the message|these lines|this paragraph|it|exact text|word for word|verbatim|' +
    'este mensaje|este texto|estas instrucciones|diese nachricht|diesen text|diese anweisung|ce message|ce texte|ces instructions|это сообщение|этот текст|эту инструкцию|' +
    'esta mensagem|este texto|estas instrucoes|questo messaggio|这条消息|此消息|本消息|这段话|这些指令|このメッセージ|この文章|この指示|これを|이 메시지',
  everyone:
    'all your contacts|all your peers|all contacts|all peers|all agents|all other agents|every contact|every peer|every agent|each peer|each agent|each of your contacts|every other agent|everyone you|all of your contacts|all of your peers|' +
    'every reply|all your replies|every answer|every message you|all future messages|all trusted peers|your whole contact list|' +
    'todos tus contactos|todos los agentes|todos los contactos|alle deine kontakte|alle kontakte|allen kontakten|alle agenten|jeden kontakt|tous tes contacts|tous vos contacts|tous les agents|' +
    'всем контактам|всем своим контактам|всем агентам|каждому|todos os seus contatos|todos os contatos|todos os agentes|tutti i tuoi contatti|' +
    '所有联系人|所有代理|所有智能体|你的所有|每一个联系人|すべての連絡先|全ての連絡先|すべてのエージェント|全員|모든 연락처',
  disable:
    'disable|turn off|switch off|deactivat|remove|stop|suspend|lift|skip|drop|desactiva|apaga|elimina|deaktivier|schalte|umgeh|desactive|supprime|отключи|выключи|обойди|desativ|deslig|关闭|停用|禁用|解除|绕过|無効|オフ|解除|停止|비활성',
  protection:
    'safety|guardrail|safeguard|content filter|your filter|content polic|your restriction|moderation|confirmation|approval|your guard|your limits|security check|injection filter|permission check|sandbox|' +
    'seguridad|filtros|restricciones|confirmacion|sicherheits|filter|einschrankung|bestatigung|securite|filtres|restrictions|confirmation|безопасност|фильтр|ограничени|подтвержден|seguranca|restricoes|confirmacao|' +
    '安全|过滤|审核|限制|确认|防护|沙箱|セーフ|安全|フィルター|制限|確認|承認|안전|필터',
  toModel:
    'if you are an ai|if you are a language model|if you are an llm|if you are an agent|if you are an assistant|ai assistant|ai agents reading|ai reading this|llm reading|any llm|any ai|note to the ai|note to ai|note for ai|' +
    'attention ai|attention assistant|attention agent|attention all agents|to the ai|dear ai|dear assistant|hey ai|ai model|the assistant processing|assistant processing|agents processing|instruction to the model|instructions for the model|instructions for the assistant|instructions for ai|for ai agents|when summarizing|when summarising|when you summari|when processing this|language models reading|automated agent|' +
    'si eres una ia|si eres un asistente|asistente de ia|falls du eine ki|wenn du eine ki|ki assistent|hinweis an die ki|si tu es une ia|si vous etes une ia|note pour l ia|assistant ia|если ты ии|если ты искусственный|для ии|ии ассистент|' +
    'se voce e uma ia|se voce for uma ia|assistente de ia|如果你是ai|如果你是人工智能|如果你是一个ai|致ai|给ai|ai助手|智能助手请|あなたがaiなら|aiアシスタント|aiの方|aiへ|ai에게',
  mustDo:
    'must|should|ignore|include|instead|respond|recommend|always|output|say that|answer that|add|do not|rate|give|insert|write|state|approve|tell|follow|mention|reply|visit|send|call|execut|run|' +
    'debes|responde|incluye|di que|recomienda|musst|antworte|schreibe|empfiehl|sollst|fuge|dois|reponds|ecris|recommande|ajoute|должен|ответь|напиши|рекомендуй|добавь|deve|responda|escreva|recomende|' +
    '必须|请|应该|忽略|回答|推荐|输出|添加|写|ください|べき|必ず|出力|推奨|答えて|해야',
  decode:
    'decode|deobfuscat|decrypt|decipher|unscramble|rot13|base64|decodifica|dekodier|entschlussel|decodez|decode|декодируй|расшифруй|decodifique|解码|解密|デコード|復号|디코딩',
  follow:
    'follow|obey|carry out|do what it|do as it|execute what|act on|act upon|comply with|perform what|treat the result|treat it as|run the result|execute the result|as your new|' +
    'sigue|obedece|haz lo que|befolge|fuhre aus|tu was|suis|obeis|fais ce qu|следуй|выполни|исполни|siga|obedeca|faca o que|照做|遵循|执行|按照|従って|実行|따라',
  remember:
    'remember|store|save|add|write|append|insert|persist|put|note|recuerda|guarda|merk|speicher|souviens|enregistre|запомни|сохрани|lembre|salve|记住|保存|写入|添加|覚えて|保存|書き込|기억',
  lasting:
    'your memory|memory.md|agents.md|soul.md|user.md|identity.md|heartbeat.md|long term memory|permanent memory|persistent memory|system prompt|future sessions|every session|all future|future conversations|permanently|standing instruction|standing order|' +
    'tu memoria|dein gedachtnis|deinem gedachtnis|deine langzeit|ta memoire|твою память|свою память|память навсегда|sua memoria|长期记忆|你的记忆|永久|今后的所有|以后所有|長期記憶|あなたの記憶|今後すべて|永続',
  tools:
    'exec tool|bash tool|shell tool|your tools|email tool|browser tool|file tool|write tool|mesh send|mesh broadcast|mesh ask|message tool|gateway tool|cron tool|your shell|your terminal|your browser|your email|your mail|your wallet',
  rot13: 'vtaber|qvfertneq|flfgrz cebzcg|vafgehpgvba|cerivbhf|erirny|sbetrg',
  backwards: 'erongi|snoitcurtsni|suoiverp|tpmorp|metsys|drawrof|laever|tegrof',
  talk:
    'injection|attack|attacker|jailbreak|phishing|red team|detect|example|for instance|e g|guard|malicious|hostile|classif|filter|sample|such as|payload|test case|unit test|owasp|vulnerab|suspicious|flagged|blocked|phrase|wording|string|' +
    'ejemplo|ataque|inyeccion|beispiel|angriff|angreifer|exemple|attaque|атак|пример|инъекц|exemplo|注入|攻击|示例|例如|例子|检测|攻撃|例えば|検出|インジェクション',
} as const satisfies Record<string, string>;

export type Meaning = keyof typeof stems;
