package reader

// spanishTables are the grammar of Spanish, as homeowners in the United States and
// Latin America write it: often without accents, with tú or usted. "cancelar"
// also means to pay, so what is cancelled matters.
const spanishTables = `
## words

| set   | phrases |
|-------|---------|
| plain | el la los las de que y en un una por con para no me mi nos nuestro nuestra su es lo se del al favor gracias hola buenas buenos quiero queremos como yo esta este |
| ask   | como cuando que cual donde quien puedo podemos puede pueden podria podrian es hay debo tengo cuanto |
| stop  | antes hasta porque debido ya pues pero si cuando despues efectivo aunque mientras quien inmediatamente hoy gracias que lo |
| fill  | tambien ahora formalmente oficialmente inmediatamente simplemente realmente respetuosamente por favor atentamente ya todavia completamente definitivamente solo |
| self  | yo mi nuestro nuestra me nos |
| us    | ustedes usted su ello efecto |
| article | el la mi nuestro nuestra un una los las mis su |
| partial | otro otra segundo segunda primer primero extra viejo vieja anterior duplicado antiguo |
| no | no nunca jamas tampoco |
| plainly | este esta ese esa dicho dicha presente actual todo toda todos todas entero entera completo completa nuevo nueva solar solares favor por inmediato inmediata mismo misma lo antes posible numero |
| link | de con por a del lo |
| whose | propiedad casa hogar domicilio direccion residencia cliente clienta propietario usted ustedes nosotros energia placas celdas compra servicio servicios abajo arriba referencia numero ayer hoy |

## classes

| class    | phrases |
|----------|---------|
| adv      | ya ; tambien ; ahora ; formalmente ; oficialmente ; hemos ; he ; por favor ; respetuosamente ; realmente ; solo ; solamente ; definitivamente |
| want     | quiero ; queremos ; quisiera ; quisieramos ; deseo ; deseamos ; necesito ; necesitamos ; solicito ; solicitamos ; pido ; pedimos ; me gustaria ; nos gustaria ; he decidido ; hemos decidido ; decidi ; decidimos ; prefiero ; preferimos ; tengo que ; tenemos que ; debo ; vengo a ; escribo para ; les escribo para ; le escribo para ; escribimos para ; estoy solicitando ; estamos solicitando ; estoy pidiendo ; estamos pidiendo ; requiero ; exijo ; mi deseo es ; nuestro deseo es ; es mi deseo ; es mi voluntad ; mi intencion es ; opto por ; voy a tener que ; vamos a tener que ; me dirijo a ustedes para ; quiero pedirles ; quiero pedirle ; quisiera pedirles ; quisiera pedir ; quiero solicitar ; quisiera solicitar ; deseo solicitar ; queremos solicitar |
| customer | el cliente ; la cliente ; el propietario ; la propietaria ; el dueno ; la duena ; la senora ; el senor ; los clientes ; los propietarios ; cliente ; propietario ; propietaria |
| wants    | quiere ; quieren ; desea ; desean ; solicita ; solicitan ; solicito ; pide ; pidio ; decidio ; ha decidido ; necesita ; quisiera ; llamo para ; nos pidio |
| speaker  | vendedor ; instalador ; ustedes ; usted ; agente ; representante ; alguien ; amigo ; vecino ; vecina ; hermano ; hijo ; companero ; abogado ; compania ; ellos ; gente |
| K        | contrato ; acuerdo ; proyecto ; paneles ; panel ; sistema ; prestamo ; solar ; solares ; financiamiento ; arrendamiento ; convenio ; solicitud |
| mi       | mi ; nuestro ; nuestra ; el ; la ; este ; esta ; su ; un ; una ; mis ; los ; las ; dicho ; dicha |
| seguir   | seguir ; continuar ; proceder ; avanzar ; seguir adelante ; seguir con ; continuar con ; seguir adelante con ; proceder con ; avanzar con |
| cancelv  | cancelar ; anular ; rescindir ; terminar ; cancelarlo ; la cancelacion |
| tecnico  | instalador ; tecnico ; inspector ; ciudad ; condado ; ustedes ; ellos ; cuadrilla ; contratista ; aerolinea |

## acts

| verb         | form  | phrases |
|--------------|-------|---------|
| aside        | frame | cancelar ..1 pago ; cancelar ..1 pagos ; cancelar ..1 factura ; cancelar ..1 cuota ; cancelar ..1 deuda ; cancelar ..1 saldo ; cancelé ..1 factura ; cancelé ..1 pago ; cancelé ..1 cuota ; cancele ..1 factura ; cancele ..1 cuota ; sin baja ; baja velocidad ; en baja ; planta baja ; mas baja ; muy baja ; parte baja |
| policy       | frame | {want} {mi} carta/copia de cancelacion ; {want} una copia ; formulario de cancelacion ; politica de cancelacion ; politicas de cancelacion ; cargo por cancelacion ; cargos por cancelacion ; multa por cancelacion ; penalidad por cancelacion ; costo de cancelacion ; costo de la cancelacion ; plazo de cancelacion ; periodo de cancelacion ; clausula de cancelacion ; proceso de cancelacion |
| restore      | frame | ya no {want} {cancelv} ..3 ; ya no deseo {cancelv} ..3 ; cambie de opinion y no quiero cancelar ; no hagan caso ..3 cancelacion ; hagan caso omiso ..5 cancelacion ; haga caso omiso ..5 cancelacion ; hacer caso omiso ..5 cancelacion ; no tomen en cuenta ..5 cancelacion ; no tome en cuenta ..5 cancelacion |
| cancel       | frame | ya no {want} ..2 {K} ; ya no {want} {seguir} ..3 {K} ; ya no {want} {seguir} $ ; ya no {want} instalar ..2 {K} ; ya no {want} tener ..2 {K} ; ya no {want} poner ..2 {K} ; no {want} {seguir} ..3 {K} ; no {want} {seguir} $ ; no vamos a {seguir} ..3 {K} ; no vamos a {seguir} $ ; no voy a {seguir} ..3 {K} ; no voy a {seguir} $ ; no {seguir} ..3 {K} ; ya no estoy interesado/interesada en ..3 {K} ; ya no estamos interesados/interesadas en ..3 {K} ; ya no estamos interesados $ ; ya no estoy interesado/interesada $ ; ya no me interesa ..3 {K} ; ya no nos interesa ..3 {K} ; ya no me interesan ..3 {K} ; ya no nos interesan ..3 {K} ; no quiero mas ..2 {K} ; he/hemos decidido no {seguir} ..3 {K} ; he/hemos decidido no {seguir} $ ; decidimos no {seguir} ..3 {K} ; decidimos no {seguir} $ ; decidi no {seguir} ..3 {K} ; decidi no {seguir} $ ; he/hemos decidido no instalar ..2 {K} |
| hold         | frame | no manden ..4 mientras/hasta/durante/desde/entre ; no envien ..4 mientras/hasta/durante/desde/entre ; no necesitare ..2 visitas/servicio mientras/hasta/durante/desde/entre/del ; no vamos a necesitar ..2 visitas/servicio mientras/hasta/durante/desde/entre/del ; no voy a necesitar ..2 visitas/servicio mientras/hasta/durante/desde/entre/del |
| cancel       | base  | cancelar ; anular ; rescindir ; cancelarlo ; cancelarla ; cancelarlos ; cancelarme ; cancelarnos ; anularlo ; dar de baja ; darme de baja ; darnos de baja ; dar por terminado ; dar por cancelado ; dejar sin efecto ; desistir ; desistir de/del ; retirarnos ; retirarme ; retirarnos de/del ; retirarme de/del ; canselar ; cansela ; cancelr ; canselarlo ; echarme atras ; echarnos atras ; poner fin a ; dar por concluido ; dar por terminada ; revocar |
| cancel       | subj  | cancele por favor ; cancelen por favor ; cancelenme por favor ; canceleme por favor ; cancele ; cancelen ; anule ; anulen ; rescindan ; rescinda ; den de baja ; de de baja ; dejen sin efecto ; cancelenlo ; cancelelo ; cancelenme ; canceleme ; me cancelen ; me cancele ; nos cancelen ; cancela ; anulenlo ; me den de baja ; den por terminado ; se cancele ; se anule ; sea cancelado |
| cancel       | ing   | cancelando ; anulando ; rescindiendo |
| cancel       | done  | cancelado ; cancelada ; cancelados ; canceladas ; anulado ; anulada ; rescindido ; cancelaron ; canceló ; cancelé ; cancelamos ; cancelaste ; se cancelo |
| cancel       | own   | cancelo ; rescindo ; anulo ; desisto ; desisto de ; revoco |
| cancel       | third | cancelare ; cancelaria ; cancelara ; cancelas ; cancelan ; cancelemos ; cancelaran ; cancelariamos ; cancelaremos ; anula ; anulan ; rescinde ; cancelase |
| cancel       | noun  | cancelacion ; terminacion ; finalizacion ; anulacion ; rescision ; baja ; desistimiento ; solicitud de cancelacion ; carta de cancelacion ; aviso de cancelacion ; notificacion de cancelacion ; cancelaciones |
| drop         | base  | terminar ; finalizar ; acabar con ; salir de/del ; salirme de/del ; salirnos de/del ; romper |
| drop         | subj  | termine ; terminen ; finalicen |
| disregard    | base  | retirar ; ignorar ; olvidar ; descartar ; deshacer ; revertir ; retractarme de ; retractar ; desestimar ; parar ; detener ; echar atras |
| disregard    | subj  | ignoren ; ignore ; olviden ; olvide ; descarten ; desestimen ; reviertan ; paren ; detengan ; retiren ; retire ; hagan caso omiso ; haga caso omiso ; hagan caso omiso de ; haga caso omiso de ; no procesen |
| restore      | base  | restaurar ; restablecer ; reactivar ; reinstalar ; reabrir ; recuperar ; retomar ; reactivarlo ; restablecerlo |
| restore      | subj  | restauren ; restablezcan ; restablezca ; reactiven ; reactive ; reabran ; reactivenlo ; retomen |
| restore      | noun  | restauracion ; reactivacion ; restablecimiento |
| restore      | done  | restaurado ; reactivado ; restablecido |
| resume       | base  | reanudar ; reiniciar ; volver a empezar ; volver a recibir ; volver a mandar ; volver a enviar ; reanudarlo ; reactivar ..2 visitas ; restablecer ..2 visitas |
| resume       | subj  | reanuden ; reanude ; reinicien ; reinicie ; vuelvan a mandar ; vuelvan a enviar ; reactiven ..2 visitas ; reactive ..2 visitas ; restablezcan ..2 visitas |
| hold         | base  | pausar ; suspender ; poner ..5 en pausa ; poner ..5 en espera ; congelar ; suspender temporalmente ; detener temporalmente ; poner una pausa a ; poner en pausa ; poner en espera |
| hold         | subj  | suspendan ; suspenda ; pausen ; pause ; pongan ..5 en pausa ; ponga ..5 en pausa ; pongan ..5 en espera ; ponga ..5 en espera ; congelen ; detengan temporalmente ; suspendan temporalmente |
| hold         | done  | suspendido ; suspendida ; suspendidas ; suspendidos ; pausado ; pausada ; en pausa ; en espera |
| hold         | noun  | suspension temporal ; suspension ; pausa |
| lift         | base  | quitar ; levantar ; terminar ; eliminar |
| lift         | subj  | quiten ; quite ; levanten ; levante ; terminen |
| offhold      | base  | sacar ..4 de pausa ; sacar ..4 de la pausa |
| offhold      | subj  | saquen ..4 de pausa ; saque ..4 de pausa ; saquen ..4 de la pausa |
| reschedule   | base  | reprogramar ; reagendar ; posponer ; aplazar ; postergar ; recalendarizar ; reprogramarla ; reagendarla |
| reschedule   | subj  | reprogramen ; reprograme ; reagenden ; reagende ; pospongan ; aplacen |
| reschedule   | done  | reprogramada ; reprogramado ; reagendada ; pospuesta ; pospuesto |
| reschedule   | noun  | otra fecha para ; otro dia para ; otra hora para ; nueva fecha para |
| move         | base  | cambiar ; mover ; pasar ; cambiarla ; moverla ; correr |
| move         | subj  | cambien ; cambie ; muevan ; mueva ; pasen |
| uncancel     | base  | descancelar ; des-cancelar ; volver a poner ; volver a ponerla ; volver a programar |
| uncancel     | subj  | descancelen ; des-cancelen ; vuelvan a poner ; vuelvan a ponerla ; vuelvan a ponerlo ; vuelva a poner ; vuelvan a programar |
| keep         | base  | conservar ; mantener ; quedarme con ; quedarnos con ; seguir con ; seguir adelante con ; continuar con |
| keep         | subj  | mantengan ; conserven ; sigan con ; continuen con |
| weak         | frame | mejor no ; mejor ya no ; salirnos ; salirme ; no hacer lo ; no hacer el ; no hacer los ; no vamos a hacer ; decidimos no ; hemos decidido no ; decidi no ; he decidido no ; preferimos no ; prefiero no ; no manden ; no envien ; no vengan ; no venga ; no quiero que ..3 ; no queremos que ..3 ; ya no hace falta ; ya no es necesario ; no va a ser necesario ; sin compromiso alguno ; dejarlo ; dejemos ; dejar el {K} ; dejar los {K} ; borren mi ; borrenme ; quitenme de ; saquenme ; saquennos ; terminar con ustedes ; nos quedamos con ; me quedo con ; mi deposito ; nuestro deposito ; otro instalador ; otro proveedor ; la competencia ; quiten los paneles ; desinstalar ; desinstalen |
| weak         | frame | siempre sí ; siempre no ; sí queremos ; sí quiero ; al final sí ; despues de todo ; seguir con el contrato ; sigan con ; siga con ; habiamos cancelado ; habia cancelado ; regresar al {K} ; volver al {K} ; todavia quiero ; todavia queremos ; ya regresó ; ya regrese ; ya regresamos ; ya volvio ; ya volvi ; ya volvimos ; ya esta en casa ; ya estoy en casa ; salio del hospital ; en el hospital ; al hospital ; pueden volver ; puede volver ; puede regresar ; pueden regresar ; vuelvan a ; ya pueden venir ; sin visitas ; no estaremos ; no estare ; no voy a estar ; no vamos a estar ; de viaje |
| weak         | frame | otro dia ; otra hora ; otra fecha ; no puedo el ; no podemos el ; no puedo ese ; no podemos ese ; no me queda ; no me sirve ; mejor el ..1 |
| weak         | frame | cambie de opinion ; cambiamos de opinion ; cambiado de opinion ; cambio de opinion ; no me interesa ; ya no me interesa ; ya no nos interesa ; otra compania ; otra empresa ; ya no queremos ; ya no quiero ; arrepenti ; arrepentimos ; arrepentido ; arrepentida ; devolucion ; devuelvan ; reembolso ; salir de esto ; no continuar ; no seguir ; no vengan ; no instalen ; no procedan ; de vacaciones ; estaremos fuera ; estare fuera ; estamos fuera ; estoy fuera ; salir del contrato ; sin efecto ; derecho de retracto ; ya no deseo ; ya no deseamos ; ya no necesito ; ya no necesitamos ; no sigan ; no siga con ; no continuen ; no hagan nada ; no hagan mas ; no queremos los paneles ; no quiero los paneles ; no queremos ..2 {K} ; no quiero ..2 {K} ; paren todo ; detengan todo ; de vuelta mi contrato ; contrato de vuelta ; olviden lo ; olvide lo ; olvidense de ; no me conviene ; no nos conviene ; me quiero salir ; nos queremos salir ; deshacer ; echarme para atras ; echarnos para atras ; no me instalen ; no instalen ; pueden volver a venir ; mi dinero de vuelta ; no gracias ; no firmar ; echar para atras |

## objects

| kind         | phrases |
|--------------|---------|
| cancellation | cancelacion ; solicitud de cancelacion ; peticion de cancelacion ; carta de cancelacion ; aviso de cancelacion ; anulacion ; pedido de cancelacion ; solicitud de cancelar ; solicitud para cancelar ; peticion de cancelar ; solicitud de anulacion |
| message      | correo anterior ; mensaje anterior ; mi correo ; ultimo correo ; ultimo mensaje ; solicitud anterior |
| hold         | pausa ; suspension ; espera |
| contract     | contrato ; contratos ; acuerdo ; arrendamiento ; convenio ; transaccion ; tramite |
| project      | proyecto ; paneles ; panel ; sistema ; solicitud ; instalacion solar ; instalacion de ..2 paneles ; energia solar ; solar ; solares ; compra de ..3 paneles ; orden de ..3 paneles |
| part         | prestamo ; financiamiento ; documentos ; documento ; formulario ; papeles ; bateria ; baterias ; mejora ; correo ; instalacion ; trabajo ; obra ; instalaciones |
| vague        | orden ; cuenta ; servicio ; servicios ; compra ; suscripcion ; membresia ; plan ; programa ; proceso ; pedido |
| visit        | serie ; cita ; citas ; visita ; visitas ; inspeccion ; reunion ; consulta ; sesion ; llamada ; interprete ; turno ; reserva de interprete ; lunes ; martes ; miercoles ; jueves ; viernes ; sabado ; domingo ; manana ; terapia ; cuidadora ; limpieza ; asignacion ; cita del ..1 |
| when         | fecha ; dia ; hora |
| other        | boletin ; correos ; vuelo ; vuelos ; hotel ; reservacion ; reserva ; netflix ; gimnasio ; revista ; seguro ; poliza ; permiso ; permisos ; cheque ; tarjeta ; boleto ; boletos ; pago ; pagos ; factura ; cuota ; debito ; luz ; internet ; telefono ; cable ; evento ; fiesta ; clase ; clases ; partido ; concierto ; escuela ; lista de correo ; notificaciones ; deuda ; saldo ; domiciliacion |

## moods

| mood    | place    | form | phrases |
|---------|----------|------|---------|
| ask     | before   | base | {want} {adv}? ; {want} ..5 y ; {want} ..1 por favor ; por medio de ..4 deseo ; por este medio ..2 deseo ; mi decision de? ; nuestra decision de? ; mi decision es ; nuestra decision es ; no tengo otra opcion que ; no tenemos otra opcion que ; no me queda mas que ; no me queda otra que ; no me queda mas remedio que ; me veo obligado/obligada a ; nos vemos obligados a ; {want} proceder a ; esta carta es para ; este correo es para ; este mensaje es para ; ejercer {mi} derecho a/de ; ejerzo {mi} derecho a/de ; mi intencion de ; nuestra intencion de ; mi deseo de ; nuestro deseo de ; hemos tomado la decision de ; he tomado la decision de ; tome la decision de ; tomamos la decision de ; ejerzo mi derecho a/de ; ejercer mi derecho a/de ; ejercemos nuestro derecho a/de ; estoy interesado en ; estamos decididos a ; para informarles que {want} ; solicito por favor |
| ask     | before   | subj | {want} que ..5 ; {want} {adv}? que {adv}? ; les pido que ; le pido que ; les pedimos que ; le pedimos que ; les solicito que ; solicito que ..4 ; pido que ..4 |
| ask     | before   | ing  | estoy ; estamos |
| ask     | before   | own  | por la presente ; por este medio ; por medio de la presente ; mediante la presente ; formalmente ; ^ ; yo |
| ask     | before   | done | {want} ..5 sea ; {want} ..4 quede ; {want} tener ..3 |
| ask     | before   | noun | notifico {mi} ; les notifico {mi} ; le notifico {mi} ; esta carta es {mi} ; este correo es {mi} ; este mensaje es {mi} ; este correo es para solicitar {mi} ; esta carta es para solicitar {mi} ; {want} {mi}? {adv}? ..1 ; {want} pedir {mi}? ; {want} {adv}? hacer {mi}? ; solicito formalmente {mi}? ; ejercer {mi} derecho de ; ejerzo {mi} derecho de ; ejercemos {mi} derecho de ; les solicito {mi}? ; le solicito {mi}? ; solicitar {mi} ; solicitarles {mi} ; pedirles {mi} ; pedir {mi} ; confirmo {mi} ; confirmamos {mi} ; sirva la presente como ..3 ; sirva este correo como ..3 ; esta es mi ..3 ; este es mi ..3 ; estoy solicitando {mi}? ; dar {mi} ; les pido {mi} ; le pido {mi} |
| please  | before   | subj | por favor {adv}? ; favor de ; porfavor ; porfa ; por favor , ; les agradeceria que ; les agradeceria si ; agradeceria que ; agradecere que ; les agradecere que ; agradeceremos que ; les agradeceremos que ; agradezco que ; agradecemos que ; por favor ..4 y ; se lo pido ; pfavor ; por favor me ; por favor nos ; por favor no procesen ..1 y |
| please  | before   | base | favor de ; por favor {adv}? ; les pido ; le pido ; por favor procedan a ; procedan a ; proceda a ; sirvanse ; sirvase ; les ruego ; hagan el favor de ; me hacen el favor de ; ayudenme a ; por favor ayudenme a ; podrian por favor ; puede por favor ; pueden por favor ; podria por favor ; me pueden ayudar a |
| please  | before   | noun | ^ procesen {mi} ; ^ procese {mi} ; por favor procesen {mi} ; por favor procese {mi} ; favor de procesar {mi} ; procedan con {mi} ; por favor procedan con {mi} ; tramiten {mi} ; por favor tramiten {mi} ; por favor inicien {mi} |
| please  | after    | base | por favor $ ; porfavor $ ; porfa $ ; favor $ |
| bare    | before   | subj | ^ |
| bare    | before   | base | ^ |
| could   | before   | base | puede ; pueden ; podria ; podrian ; podemos ; puedo ; podriamos ; podria yo ; se puede ; es posible ; seria posible ; hay manera de ; hay forma de |
| could   | before   | noun | es posible ; puedo pedir {mi} |
| other   | before   | base | {customer} ..3 y {wants} ; {customer} ..2 {wants} ; {customer} ..6 {wants} |
| other   | before   | subj | {customer} ..4 {wants} que |
| other   | before   | noun | {customer} ..3 {wants} {mi}? |
| not     | before   |      | no ..5 derecho a/de ; no {want} ..4 derecho a/de ; renuncio a ..2 derecho a/de ; renunciar a ..2 derecho a/de ; no ..2 ; nunca ..2 ; sin ; en vez de ; en lugar de ; ni ..1 ; jamas ..2 ; tampoco ..2 ; no {want} ..2 ; no {want} que ..4 ; evitar ..1 |
| maybe   | sentence |      | ^ cuando ; ^ en cuanto ; ^ una vez que ; creo que ; supongo que ; nunca dije ; jamas dije ; no dije ; nunca pedi ; no pedi ; jamas pedi ; o {want} ; seria un error ; seria una ; en unos anos ; en ..2 anos ; en ..2 meses ; si ; tal vez ; quiza ; quizas ; a lo mejor ; a menos que ; en caso de ; pensando en ; considerando ; no estoy seguro ; no estoy segura ; no estamos seguros ; no se si ; me pregunto ; quisiera saber ; quiero saber ; queremos saber ; me gustaria saber ; necesito saber ; saber como ; como puedo ; como podemos ; como hago ; como se ; que pasa ; que pasaria ; cuanto cuesta ; cuanto cobran ; de lo contrario ; tendria que ; tendriamos que ; podriamos ; podria ser ; casi ; prueba ; informacion sobre ; preguntar ; duda ; dudas ; posibilidad de ; pensar ; pensarlo ; pense ; otro cliente ; otros clientes ; algunos clientes ; muchos clientes ; ____ ; opciones ; no creo ; no pienso ; quiere usted ; otra compania antes |
| maybe   | after    | frame | en el ; solo ; sino ; efectivo ; mejor |
| maybe   | after    |      | firmar uno nuevo ; firmar otro ; hacer otro ; uno nuevo ; nuevo contrato ; contrato nuevo ; pero ; sin embargo ; o ; todavia ; cuando me ; cuando nos ; cuando termine ; cuando yo ; despues de que ; el proximo ; la proxima ; el ano que viene ; mas adelante ; al final de ..2 contrato/plazo/ano ; al terminar ; por ahora ; algun dia ; a futuro ; excepto ; siempre que ; siempre y cuando ; con la condicion ; a condicion ; en cuanto me ; en cuanto nos ; en cuanto ustedes ; una vez que ; despues de llamarme ; despues de hablar ; despues de devolverme |
| maybe   | before   | noun | al pedir {mi} ; al solicitar {mi} ; por haber pedido {mi} ; cuando pedi {mi} ; cuando solicite {mi} |
| maybe   | before   |      | antes de ..1 ; cuando ..1 ; al ; despues de ..1 ; como ; sobre ; ganas de ; tengo/tiene/tenemos/tienen/hay derecho a/de ; el derecho a/de ; a punto de |
| mistake | sentence |      | por error ; por equivocacion ; equivocacion ; malentendido |
| told    | sentence |      | escribio que ; dijo que ; nota que ; haciendose pasar ; {speaker} ..2 dijo ; {speaker} ..2 dijeron ; me dijo ; me dijeron ; nos dijeron ; nos dijo ; dice que ; dicen que ; me pidio ; me pidieron ; me sugirio ; me recomendo ; mi vecino ; mi vecina ; mi amigo ; mi amiga ; mi hermano ; mi hermana ; mi primo ; segun ; escuche que ; lei que |
| notice  | before   |      | usted puede ; puede usted ; ^ para ; los clientes pueden ; el comprador puede ; el cliente puede ; tiene derecho a ; o para |
| notice  | sentence |      | en cualquier momento ; cancelacion gratuita ; cancelacion gratis ; cancelar su suscripcion ; darse de baja ; lista de correo ; sin compromiso |
| aside   | before   | done | {tecnico} ..3 ; el vuelo ..2 ; el partido ..2 ; el evento ..2 |
| benign  | sentence |      | si tienen ..3 ; si tiene ..3 ; si necesitan ..3 ; si necesita ..3 ; si es posible ; si hay ; si hace falta ; si requieren ; si falta ; diganme si ; aviseme si ; avisenme si ; haganme saber si ; haganos saber si ; pero gracias ; pero muchas ; o si ; o llamenme ; o llameme ; o al ; si fuera posible |

## facts

| fact                | phrases |
|---------------------|---------|
| hedge               | pagar en efectivo ; al contado ; nuevo contrato ; contrato nuevo ; firmar otro ; no cancelen ; no cancele ; no quiero cancelar ; no queremos cancelar ; no deseo cancelar ; me quedaria ; nos quedariamos ; todavia no decido ; no hemos decidido ; no he decidido ; lo estamos pensando ; lo estoy pensando ; es una prueba ; correo de prueba ; no procesen nada ; esperen ; antes de cancelar ; carta de ejemplo ; pensandolo bien ; pensandolo mejor ; mejor no $ ; olvidenlo ; olvidelo ; olviden/olvide este/esto/lo ; hagan caso omiso ; ignoren este/esto/lo |
| mind                | cambie de opinion ; cambiamos de opinion ; cambiado de opinion ; cambio de opinion |
| deceased            | fallecio ; murio ; difunto ; difunta ; fallecimiento ; fallecido ; fallecida ; acta de defuncion ; certificado de defuncion ; ha muerto ; esta muerto ; esta muerta ; viuda ; viudo ; perdi a mi ; perdimos a mi ; albacea ; herederos |
| form:notice         | aviso de cancelacion ; notificacion de cancelacion ; aviso de rescision |
| form:telegram       | telegrama |
| series              | toda la serie ; la serie completa ; serie entera ; todas las citas/sesiones/visitas/asignaciones |
| single              | solo esta ; solamente esta ; unicamente esta ; no toda la serie ; solo la primera ; solo la proxima |
| reserve             | no creo ; no estoy seguro ; no estoy segura ; no procesen ; no hagan nada ; no cancelen ; esperen ; salvar ; hablar con ; hablando con ; voy a llamar ; antes de ; ya no quiere cancelar ; ignoren ; prueba ; ejemplo ; fraude |
| attached            | adjunto ; adjunta ; adjuntos ; anexo ; anexa |
| affirm              | sí ; confirmo ; confirmado ; correcto ; adelante ; de acuerdo ; procedan ; proceda ; asi es ; claro |
| wrapper             | abajo ; reenvio ; a continuacion ; de parte de |
| thanks              | gracias ; recibido ; agradezco |
| sample              | ejemplo ; usted , el comprador , puede cancelar ; usted puede cancelar esta transaccion |
| reason:financial    | no podemos pagar ; no puedo pagar ; pagarlo ; muy caro ; demasiado caro ; perdi mi trabajo ; perdio su trabajo ; perdi el trabajo ; perdio el trabajo ; sin trabajo ; desempleado ; dinero ; economica ; economico ; economicos ; economicas ; finanzas ; pago mensual ; mensualidad ; sale caro ; no me alcanza ; no nos alcanza ; muy cara |
| reason:moving       | mudar ; mudando ; mudamos ; mudarnos ; mudarme ; mudanza ; vender la casa ; vender nuestra casa ; vender mi casa ; vendimos la casa ; vendi la casa ; vendiendo la casa ; vamos a vender ; otra ciudad ; otro estado |
| reason:other-offer  | otra compania ; otra empresa ; mejor oferta ; mejor precio ; mas barato ; otro proveedor ; otra oferta ; otro instalador ; mas economico ; otra cotizacion |
| reason:delay        | demora ; demoras ; retraso ; retrasos ; tardado ; tardando ; mucho tiempo ; meses esperando ; esperando meses ; han pasado meses ; demasiado tiempo ; llevamos meses ; llevo meses |
| reason:changed-mind | cambie de opinion ; cambiamos de opinion ; cambiado de opinion ; cambio de opinion ; arrepenti ; arrepentimos ; ya no queremos ; ya no quiero ; no me convence ; no nos convence ; ya no me interesa ; ya no nos interesa ; no es para nosotros ; lo pensamos ; lo pense |
`
