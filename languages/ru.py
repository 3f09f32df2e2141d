"""Russian."""

from languages.language import Language, Words

DASHBOARDS: Words = {
    # dashboards and links
    "services": "Сервисы",
    "services.about": "Какие сервисы здоровы и какими они были последние 24 часа?",
    "service": "Сервис",
    "service.about": "Всё об одном сервисе: экземпляры, их проверки, история.",
    "connections": "Подключения",
    "connections.about": "Какие подключения клиентов к внешним системам работают?",
    "exporter": "Экспортер",
    "exporter.about": "Всё ли в порядке с самим мониторингом?",
    "overview": "Обзор",
    "overview.about": "Для экрана на стене: что сломано сейчас, что ломалось за последние 24 часа и какой была неделя.",
    # Overview
    "broken_services": "Сломанные сервисы",
    "broken_services.about": "Сколько времени каждый в аварии или требует внимания, в днях и часах:минутах:секундах; сначала новые, не больше двенадцати каждых.",
    "broken_connections": "Сломанные подключения",
    "broken_connections.about": "Сколько времени каждое офлайн или недоступно, в днях и часах:минутах:секундах; сначала новые, не больше двенадцати каждых.",
    "nothing_broken": "Ничего не сломано",
    "outages": "Ломалось за последние 24 часа",
    "outages.about": "Сколько времени сервис был в аварии (в среднем по экземплярам), а подключение — офлайн или недоступно; сначала самые долгие.",
    "place": "Где",
    "broken_for": "Сколько",
    "week_services": "Сервисы, 7 дней",
    "week_connections": "Подключения, 7 дней",
    "week.about": "Доля учтённого времени (известного и без плановых работ), когда сервисы были в норме, а подключения онлайн, насколько она записана.",
    # variables
    "datasource": "Источник данных",
    "search": "Поиск",
    "status": "Статус",
    "tag": "Тег",
    "datacenter": "Датацентр",
    "kind": "Вид",
    "window": "Окно",
    "all": "Все",
    "target": "Цель, %",
    "target_met": "цель достигнута",
    "target_missed": "ниже цели",
    "hours_counted": "ч из 24 учтены: известны и без техработ",
    "unit.seconds": "suffix:с",
    "decimal": ",",
    # statuses
    "passing": "в норме",
    "warning": "внимание",
    "critical": "авария",
    "maintenance": "техработы",
    "online": "онлайн",
    "offline": "офлайн",
    "unreachable": "недоступно",
    "not_connected": "не подключено",
    "no_data": "нет данных",
    # columns
    "service_name": "Сервис",
    "instances": "Экземпляры",
    "up_of_total": "Работают",
    "url": "URL",
    "tags": "Теги",
    "passing_24h": "Норма 24 ч",
    "passing_24h.about": "Время в норме в процентах от учтённого времени: той части последних 24 часов, о которой есть данные и в которую не было техработ, в среднем по экземплярам. Красным — ниже цели.",
    "history_24h": "История 24 ч",
    "name": "Название",
    "ends": "Скоро закончатся токены и сертификаты",
    "connection": "Подключение",
    "ends.about": "Токены, срок которых известен, и сертификаты серверов API, которые закончатся в ближайшие 30 дней. У закончившихся меньше нуля.",
    "ends.token": "токен",
    "ends.certificate": "сертификат",
    "ends.what": "Что",
    "ends.days": "Осталось дней",
    "ends.none": "В ближайшие 30 дней ничего не заканчивается.",
    "stores.one": "магазин",
    "stores.ones": "магазин",
    "stores.few": "магазина",
    "stores.many": "магазинов",
    "details": "Детали",
    "reason": "Причина",
    "last_check": "Опрос, назад",
    "online_24h": "Онлайн 24 ч",
    "action": "Действие",
    "connect": "Подключить",
    "disconnect": "Отключить",
    "instance": "Экземпляр",
    "node": "Узел",
    "address": "Адрес",
    "since": "С какого времени",
    "last_checked": "Проверен",
    "checks.passing": "Проверок в норме",
    "checks.warning": "Требуют внимания",
    "checks.critical": "Аварийных проверок",
    "source": "Источник",
    "source.up": "отвечает",
    "source.down": "не отвечает",
    "last_success": "Последний ответ",
    "freshness": "Возраст к пределу",
    "interval": "Интервал",
    "mean_poll": "Средний опрос",
    "failures_24h": "Ошибок за 24 ч",
    "rejected_24h": "Отброшено за 24 ч",
    "version": "Версия",
    "config_loaded": "Настройки от",
    # links
    "open_service": "Открыть сервис",
    "open_url": "Открыть в новой вкладке",
    "open_action": "Подключить или отключить",
    "open_runbook": "Открыть инструкцию",
    "show_only": "Показать только их",
    # bars in a cell
    "window_until": "до {time} {day}.{month}.{year}",
    # alerts
    "alerts": "Активные оповещения",
    "alerts.about": "Что сработало и не снято; название открывает инструкцию.",
    "alerts.none": "Активных оповещений нет",
    "alert": "Оповещение",
    "alert.subject": "О чём",
    "severity": "Важность",
    "severity.critical": "критично",
    "severity.warning": "внимание",
    "severity.info": "к сведению",
    # Services
    "services.counts": "Сервисы по статусам",
    "counts.about": "Сколько сейчас в каждом статусе с учётом фильтров. Щелчок покажет только их.",
    "services.table.about": (
        "Строка на каждый сервис, виденный за последние 24 часа, худшие сверху; исчезнувший остаётся как «нет данных». "
        "Статус — худшего из экземпляров: авария, затем внимание, техработы, в норме. "
        "«Норма 24 ч» — доля учтённого времени, известного и без техработ: в норме, внимание, авария; красным — ниже цели. "
        "История за 24 ч: столбик на каждое окно, зелёный — в норме, жёлтый — внимание, красный — авария, "
        "синий — техработы, серый — нет данных; в подсказке — конец окна и доли; границы с точностью до минуты."
    ),
    "services.none": "Сервисов пока нет",
    # Service
    "service.status.about": "Статус худшего из экземпляров: авария, затем внимание, техработы, в норме.",
    "service.instances.about": "Экземпляры, на которые Consul направляет запросы (в норме или с вниманием), и сколько их всего зарегистрировано.",
    "up": "работают",
    "total": "зарегистрировано",
    "changes_24h": "Смен за 24 ч",
    "changes": "Смены статуса",
    "changes.about": "Смены статуса, которые экспортер увидел между опросами; что изменилось и вернулось между двумя опросами, не видно.",
    "url.about": "Где сервис отвечает, по последним данным.",
    "shares": "Доли времени",
    "shares.about": "Столбик на каждое окно, подписан концом окна: процент времени окна в каждом статусе. Доли вместе с «нет данных» дают 100 %; границы с точностью до минуты.",
    "timeline": "История экземпляров",
    "timeline.about": "Кто, с какого и до какого времени был в каком статусе, с точностью до минуты.",
    "instances.about": "Что зарегистрировано в Consul сейчас, по последнему опросу.",
    "instances.none": "Ни один экземпляр не зарегистрирован",
    "checks": "Проверки по статусам",
    "checks.about": "Число проверок всех экземпляров в каждом статусе, включая проверки их узлов.",
    # Connections
    "connections.counts": "Подключения по статусам",
    "cards": "Сначала те, что требуют внимания",
    "cards.about": "Карточка на каждое подключение, не больше 24, худшие первыми. Щелчок открывает страницу, где его подключают или отключают.",
    "connections.table.about": (
        "Строка на каждое подключение, худшие сверху. Онлайн: токен принят; офлайн: токен отвергнут; "
        "недоступно: ответа о токене нет; не подключено: токена нет. "
        "«Онлайн 24 ч» — доля учтённого времени, известного и с токеном; красным — ниже цели. "
        "История за 24 ч: столбик на каждое окно, зелёный — онлайн, оранжевый — недоступно, красный — офлайн, "
        "серый — не подключено, бледный — нет данных; в подсказке — конец окна и доли; границы с точностью до минуты."
    ),
    "connections.none": "Подключений пока нет",
    "check_failures": "Неудачные проверки по причинам",
    "check_failures.about": "Проверки в каждом окне, в которых API не принял токен.",
    "check_seconds": "Длительность проверок",
    "check_seconds.about": "Сколько длилась последняя проверка, по самому медленному подключению каждого вида.",
    "no_failures": "Ошибок нет",
    # reasons
    "reason.unauthorized": "токен отвергнут",
    "reason.payment_required": "не оплачено",
    "reason.forbidden": "доступ запрещён",
    "reason.rate_limited": "лимит запросов",
    "reason.server_error": "ошибка сервера",
    "reason.unexpected_status": "необычный ответ",
    "reason.unexpected_body": "не то содержимое",
    "reason.intermediary": "файрвол или прокси",
    "reason.redirect": "редирект",
    "reason.malformed": "непонятный ответ",
    "reason.too_large": "ответ велик",
    "reason.timeout": "нет ответа вовремя",
    "reason.dns": "имя узла неизвестно",
    "reason.connect": "нет соединения",
    "reason.tls": "ошибка TLS",
    "reason.token": "токен непригоден",
    "reason.internal": "ошибка экспортера",
    # Exporter
    "sources_down": "Не отвечают",
    "sources_down.about": "Источники, последний опрос которых не удался. Подключение считается, когда оно недоступно.",
    "stale": "Устарели",
    "stale.about": "Источники, которые не удавалось опросить дольше stale_after: их данные покинули /metrics.",
    "oldest": "Самые старые",
    "oldest.about": "Время с последнего удачного опроса того источника, который ждёт дольше всех.",
    "exporters_down": "Нет сбора",
    "exporters_down.about": "Экспортеры, известные за последние 24 часа, с которых Prometheus не может собрать метрики.",
    "reload": "Настройки",
    "reload.about": "Удалась ли последняя загрузка настроек; если нет, действуют прежние.",
    "yes": "приняты",
    "no": "отвергнуты",
    "coverage_24h": "Покрытие 24 ч",
    "coverage_24h.about": "О какой части последних 24 часов есть данные, по тому датацентру или виду, о котором их меньше всего.",
    "sources": "Источники",
    "sources.about": "Каждый Consul и каждое подключение, которые опрашиваются, сначала те, что не отвечают, не больше 200. Возраст к пределу: при 100 % данные покидают /metrics.",
    "sources.none": "Источников пока нет",
    "poll_seconds": "Длительность опросов",
    "poll_seconds.about": "Медиана и 95-й процентиль длительности опросов по видам, включая неудачные.",
    "median": "медиана",
    "ages": "Возраст данных",
    "ages.about": "Время с последнего удачного опроса, наибольшее для каждого вида.",
    "poll_failures": "Неудачные опросы по причинам",
    "poll_failures.about": "Опросы, которые не удались в каждом окне.",
    "rejected": "Отброшенные записи по причинам",
    "rejected.about": "Записи из ответов источников в каждом окне, которые нельзя использовать.",
    "no_rejected": "Отброшенных записей нет",
    "data": "Данные",
    "coverage": "Покрытие",
    "coverage.about": "О какой части каждого окна есть данные, по датацентрам и видам подключений. Чего нет, то не опросили, не собрали или не записали.",
    "series": "Ряды",
    "series.about": "Число рядов в /metrics.",
    "process": "Процесс",
    "scrape_seconds": "Длительность сбора",
    "scrape_seconds.about": "Сколько Prometheus ждал /metrics и сколько длилась последняя подготовка ответа.",
    "scrape": "сбор",
    "render": "подготовка",
    "size": "Размер /metrics",
    "size.about": "До сжатия.",
    "memory": "Память",
    "memory.about": "Резидентная память экспортера.",
    "cpu": "Процессор",
    "cpu.about": "Доля одного процессора, занятая экспортером.",
    "exporters": "Экспортеры",
    "exporters.about": "Какие экспортеры работают и с какого времени действуют их настройки.",
}

MESSAGES: Words = {
    "service": '{{ printf "%.60s" .Labels.service }} ({{ printf "%.40s" .Labels.datacenter }})',
    "node": '{{ printf "%.60s" .Labels.node }} ({{ printf "%.40s" .Labels.datacenter }})',
    "connection": '{{ printf "%.60s" .Labels.connection }} ({{ printf "%.40s" .Labels.kind }})',
    "kind": '{{ printf "%.40s" .Labels.kind }}{{ with .Labels.host }} к {{ printf "%.60s" . }}{{ end }}',
    # 1 экземпляр, 2 экземпляра, 5 экземпляров, 11 экземпляров, 21 экземпляр
    "instances": (
        '{{ . }} {{ if match "(^|[^1])1$" . }}экземпляр{{ else if match "(^|[^1])[234]$" . }}экземпляра'
        "{{ else }}экземпляров{{ end }}"
    ),
    "of_instances": '{{ . }} {{ if match "(^|[^1])1$" . }}экземпляра{{ else }}экземпляров{{ end }}',
    "services": (
        '{{ . }} {{ if match "(^|[^1])1$" . }}сервис{{ else if match "(^|[^1])[234]$" . }}сервиса{{ else }}сервисов{{ end }}'
    ),
    "times": '{{ . }} {{ if match "(^|[^1])[234]$" . }}раза{{ else }}раз{{ end }}',
    "facts": (
        '{{ with .Annotations.names }} {{ printf "%.200s" . }}.{{ end }}'
        "{{ with .Annotations.reason }} Причина: {{ . }}.{{ end }}"
    ),
    "stale": "Свежих данных сейчас нет: так было, когда они были в последний раз.",
    "since": 'С {{ .StartsAt.Local.Format "02.01 15:04 MST" }}',
    "still": "Ещё не закончилось: {{ . }}",
    "dashboard": "Дашборд",
    "runbook": "Что делать",
    "more": "и ещё {{ . }}",
}

ALERTS: Words = {
    "ServiceCritical": 'Сервис {{ template "words.service" . }} не работает.',
    "ServiceMostlyCritical": 'Сервис {{ template "words.service" . }} почти не работает.',
    "ServiceInstanceCritical": 'Сервис {{ template "words.service" . }} работает не весь.',
    "ServiceCrashLooping": 'Экземпляры сервиса {{ template "words.service" . }} заменяются снова и снова и не поднимаются.',
    "ServiceWarning": 'Сервис {{ template "words.service" . }} давно в состоянии «предупреждение».',
    "ServiceFlapping": 'Сервис {{ template "words.service" . }} то работает, то нет.',
    "ServiceDisappeared": 'Сервис {{ template "words.service" . }} пропал из Consul.',
    "ServiceMaintenanceForgotten": 'Сервис {{ template "words.service" . }} давно на обслуживании.',
    "NodeCritical": (
        'Узел {{ template "words.node" . }} не работает'
        '{{ if eq .Labels.severity "critical" }}, и сервисы вместе с ним{{ end }}.'
    ),
    "NodeWarning": 'Узел {{ template "words.node" . }} давно в состоянии «предупреждение».',
    "NodeFlapping": 'Узел {{ template "words.node" . }} то работает, то нет.',
    "NodeMaintenanceForgotten": 'Узел {{ template "words.node" . }} давно на обслуживании.',
    "ConnectionKindUnreachable": 'Подключения вида {{ template "words.kind" . }} разом перестали отвечать.',
    "ConnectionKindRefused": 'Подключения вида {{ template "words.kind" . }} разом получили отказ.',
    "ConnectionRefused": 'Подключение {{ template "words.connection" . }} получает отказ.',
    "ConnectionUnreachable": 'Подключение {{ template "words.connection" . }} не отвечает.',
    "ConnectionNotConnected": 'У подключения {{ template "words.connection" . }} нет токена.',
    "ConnectionTokenExpires": 'Скоро закончится токен: подключение {{ template "words.connection" . }}.',
    "ConnectionCertificateExpires": 'Скоро закончится сертификат API: подключение {{ template "words.connection" . }}.',
    "ConnectionHostOverloaded": 'Проверки подключений к {{ printf "%.60s" .Labels.host }} ждут слишком долго.',
    "ConnectionRateLimited": 'Подключение {{ template "words.connection" . }} превысило лимит запросов.',
    "ConnectionRateLimitNear": 'Подключение {{ template "words.connection" . }} почти исчерпало лимит запросов.',
    "ConsulPollFailing": 'Не удаётся опросить Consul {{ printf "%.60s" .Labels.source }}.',
    "ConsulDataStale": 'Данные о сервисах датацентра {{ printf "%.60s" .Labels.datacenter }} устарели.',
    "ConnectionChecksLate": "Подключения вида {{ .Labels.kind }} проверяются с опозданием.",
    "RecordsRejected": 'Часть записей источника {{ printf "%.60s" .Labels.source }} непригодна и пропущена.',
    "ConfigReloadFailed": 'Экспортер {{ printf "%.60s" .Labels.instance }} работает со старой конфигурацией.',
    "StatusLabelsOverwritten": 'Prometheus подменяет метки статусов от {{ printf "%.60s" .Labels.instance }}.',
    "ClockSkew": 'Часы экспортера {{ printf "%.60s" .Labels.instance }} и Prometheus расходятся.',
    "SeriesBudgetExceeded": 'Экспортер {{ printf "%.60s" .Labels.instance }} отдаёт больше рядов, чем задумано.',
    "ExporterDown": 'Экспортер {{ printf "%.60s" .Labels.instance }} не отдаёт метрики.',
    "ExporterAbsent": "Prometheus не знает ни одного экспортера статусов.",
    "Watchdog": "Оповещения работают.",
}

_ON_NODE = '{{ template "words.services" .Annotations.value }}'
_IN_STATUS = '{{ template "words.instances" .Annotations.value }}'

DETAILS: Words = {
    "ServiceCritical": (
        '{{ if eq .Annotations.value "0" "-0" }}Пропал из Consul, пока не работал, и не вернулся.'
        '{{ else }}Все экземпляры, кроме обслуживаемых, в аварии: {{ template "words.of_instances" .Annotations.value }}'
        "{{ with .Annotations.total }} из {{ . }}{{ end }}.{{ end }}"
    ),
    "ServiceMostlyCritical": (
        "В аварии {{ .Annotations.value }}"
        '{{ with .Annotations.total }} из {{ template "words.of_instances" . }}{{ end }}; остальные могут не справиться.'
    ),
    "ServiceInstanceCritical": (
        "В аварии {{ .Annotations.value }}"
        '{{ with .Annotations.total }} из {{ template "words.of_instances" . }}{{ end }}, остальные отвечают.'
    ),
    "ServiceCrashLooping": (
        '{{ if eq .Annotations.value "0" "-0" }}Какой-нибудь экземпляр всё время в аварии, но ни один долго.'
        f"{{{{ else }}}}За 20 минут появились в аварии и исчезли, так и не заработав: {_IN_STATUS}.{{{{ end }}}}"
    ),
    "ServiceWarning": f"В этом состоянии {_IN_STATUS}.",
    "ServiceFlapping": 'За час статус экземпляра менялся {{ template "words.times" .Annotations.value }}.',
    "ServiceDisappeared": (
        "Не осталось ни одного экземпляра, хотя на обслуживание его не выводили. Последний раз был виден"
        "{{ with .Annotations.age }} {{ . }} назад{{ end }}."
    ),
    "ServiceMaintenanceForgotten": f"На обслуживании {_IN_STATUS}: трафика туда нет, и оповещения молчат.",
    "NodeCritical": (
        "Не проходят проверки самого узла (serfHealth: машина или агент Consul недоступны). "
        f'{{{{ if eq .Labels.severity "critical" }}}}Без него не работает {_ON_NODE}.'
        f"{{{{ else }}}}На нём {_ON_NODE}; их заменяют другие узлы.{{{{ end }}}}"
    ),
    "NodeWarning": f"Предупреждают проверки самого узла; на нём {_ON_NODE}.",
    "NodeFlapping": 'За час проверки самого узла менялись {{ template "words.times" .Annotations.value }}, и все сервисы с ним.',
    "NodeMaintenanceForgotten": f"На нём {_ON_NODE}: трафика туда нет, и оповещения молчат.",
    "ConnectionKindUnreachable": "Не отвечают {{ .Annotations.share }}: дело в API или в пути к нему, не в клиентах.",
    "ConnectionKindRefused": "Отказано {{ .Annotations.share }}: дело в провайдере или в нашем изменении, не в клиентах.",
    "ConnectionRefused": (
        '{{ if eq .Annotations.reason "payment_required" }}API требует оплаты: аккаунт или приложение не оплачены.'
        '{{ else if eq .Annotations.reason "forbidden" }}API узнаёт его, но не хватает прав, или приложение удалено.'
        '{{ else if eq .Annotations.reason "unauthorized" }}Токен неверен, истёк или отозван: нужно подключить заново.'
        "{{ else }}API отвечает отказом проверка за проверкой.{{ end }}"
    ),
    "ConnectionUnreachable": "Проверка за проверкой не говорит, годится ли токен; у других подключений этого вида всё может быть хорошо.",
    "ConnectionNotConnected": "Его не подключали, или отключили.",
    "ConnectionRateLimited": "После каждой паузы API снова отвечает 429; годится ли токен, неизвестно.",
    "ConnectionRateLimitNear": "Осталось {{ .Annotations.share }} разрешённых запросов.",
    "ConnectionTokenExpires": "{{ with .Annotations.age }}Осталось {{ . }}.{{ else }}Срок уже вышел.{{ end }}",
    "ConnectionCertificateExpires": "{{ with .Annotations.age }}Осталось {{ . }}.{{ else }}Срок уже вышел.{{ end }}",
    "ConnectionHostOverloaded": (
        "Самая поздняя опаздывает на {{ .Annotations.share }} своего интервала; при 200 % статусы исчезнут с дашбордов."
    ),
    "ConsulPollFailing": "Опросы не удаются; статусы его сервисов исчезнут, когда устареют, и их оповещения не начнутся и не закончатся.",
    "ConsulDataStale": "От него нет ответа{{ with .Annotations.age }} {{ . }}{{ end }}.",
    "ConnectionChecksLate": "Последней проверке уже несколько интервалов; таких подключений: {{ .Annotations.value }}.",
    "RecordsRejected": "За 25 минут отброшено записей: {{ .Annotations.rejected }}. Причина: {{ .Labels.reason }}.",
    "ConfigReloadFailed": "Последняя перезагрузка не удалась; действует прежняя конфигурация.",
    "StatusLabelsOverwritten": (
        "У {{ .Annotations.value }} рядов метки цели вместо своих, или меток не хватает: в настройках сбора нужно honor_labels: true. "
        "До тех пор остальным оповещениям о сервисах и подключениях верить нельзя."
    ),
    "ClockSkew": "Часы Prometheus минус часы экспортера: {{ .Annotations.age }}. Оповещения от этого не зависят, а времена, которые сравнивают люди, да.",
    "SeriesBudgetExceeded": "Рядов: {{ .Annotations.value }}.",
    "ExporterDown": (
        "Prometheus не получает от него метрик. Если другой экспортер не говорит о том же, статусы неизвестны, "
        "и другие оповещения не начнутся и не закончатся."
    ),
    "ExporterAbsent": "Нет ни одной цели с этим именем задания: её убрали из настроек Prometheus или из обнаружения сервисов.",
    "Watchdog": "Это оповещение есть всегда; внешний сторож заметит, когда оно прекратится.",
}

ENDS: Words = {
    "ServiceCritical": 'Сервис {{ template "words.service" . }} снова работает или выведен из работы.',
    "ServiceMostlyCritical": 'Сервис {{ template "words.service" . }} снова в основном работает.',
    "ServiceInstanceCritical": 'Сервис {{ template "words.service" . }} снова работает весь.',
    "ServiceCrashLooping": 'Экземпляры сервиса {{ template "words.service" . }} больше не заменяются.',
    "ServiceWarning": 'Сервис {{ template "words.service" . }} больше не в состоянии «предупреждение».',
    "ServiceFlapping": 'Сервис {{ template "words.service" . }} перестал мигать.',
    "ServiceDisappeared": 'Сервис {{ template "words.service" . }} вернулся, или его больше не ждут.',
    "ServiceMaintenanceForgotten": 'Обслуживание сервиса {{ template "words.service" . }} закончилось.',
    "NodeCritical": 'Узел {{ template "words.node" . }} снова работает.',
    "NodeWarning": 'Узел {{ template "words.node" . }} больше не в состоянии «предупреждение».',
    "NodeFlapping": 'Узел {{ template "words.node" . }} перестал мигать.',
    "NodeMaintenanceForgotten": 'Обслуживание узла {{ template "words.node" . }} закончилось.',
    "ConnectionKindUnreachable": 'Подключения вида {{ template "words.kind" . }} снова отвечают.',
    "ConnectionKindRefused": 'Подключения вида {{ template "words.kind" . }} снова принимаются.',
    "ConnectionRefused": 'Подключение {{ template "words.connection" . }} больше не получает отказа.',
    "ConnectionUnreachable": 'Подключение {{ template "words.connection" . }} больше не молчит.',
    "ConnectionNotConnected": 'Подключение {{ template "words.connection" . }} больше не без токена.',
    "ConnectionRateLimited": 'Подключение {{ template "words.connection" . }} больше не превышает лимит запросов.',
    "ConnectionRateLimitNear": 'У подключения {{ template "words.connection" . }} снова достаточно запросов.',
    "ConnectionTokenExpires": 'Токен подключения {{ template "words.connection" . }} заменён.',
    "ConnectionCertificateExpires": 'Сертификат API заменён: подключение {{ template "words.connection" . }}.',
    "ConnectionHostOverloaded": 'Проверки подключений к {{ printf "%.60s" .Labels.host }} снова не ждут.',
    "ConsulPollFailing": 'Consul {{ printf "%.60s" .Labels.source }} снова опрашивается.',
    "ConsulDataStale": 'Данные о сервисах датацентра {{ printf "%.60s" .Labels.datacenter }} снова свежие.',
    "ConnectionChecksLate": "Подключения вида {{ .Labels.kind }} снова проверяются вовремя.",
    "RecordsRejected": 'Записи источника {{ printf "%.60s" .Labels.source }} больше не отбрасываются ({{ .Labels.reason }}).',
    "ConfigReloadFailed": 'Экспортер {{ printf "%.60s" .Labels.instance }} работает с последней конфигурацией.',
    "StatusLabelsOverwritten": 'Метки статусов от {{ printf "%.60s" .Labels.instance }} снова свои.',
    "ClockSkew": 'Часы экспортера {{ printf "%.60s" .Labels.instance }} и Prometheus снова сходятся.',
    "SeriesBudgetExceeded": 'Экспортер {{ printf "%.60s" .Labels.instance }} отдаёт не больше рядов, чем задумано.',
    "ExporterDown": 'Экспортер {{ printf "%.60s" .Labels.instance }} снова отдаёт метрики.',
    "ExporterAbsent": "Prometheus снова знает экспортер статусов.",
    "Watchdog": "Оповещения прекратились.",
}

LANGUAGE = Language(dashboards=DASHBOARDS, messages=MESSAGES, alerts=ALERTS, details=DETAILS, ends=ENDS)
